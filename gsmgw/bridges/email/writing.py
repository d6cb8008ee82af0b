"""Writes the mails about received texts and failures. Pure; texts and names of strangers are data."""

from __future__ import annotations

import email.policy
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from gsmgw.bridges.email.addresses import MARK, answer_address, mail_id, thread_id
from gsmgw.config.mail import MailSection
from gsmgw.escaping import STEERING
from gsmgw.model import Event, EventType, MessageRecord, format_id

RECEIVED = frozenset({EventType.MESSAGE_RECEIVED, EventType.MESSAGE_COMPLETED})
FAILED = {
    EventType.MESSAGE_FAILED: "was not sent",
    EventType.MESSAGE_UNDELIVERED: "was not delivered",
    EventType.MESSAGE_EXPIRED: "expired before it was sent",
}
#: A contact's name in a header, characters.
_NAME_CHARS = 60


def write_mail(event: Event, message: MessageRecord, contact: str | None, settings: MailSection) -> bytes | None:
    """Return the mail about an event; None if there is none to write. Campaigns have their own results."""
    if event.type in RECEIVED:
        body = _received(message, contact, settings)
    elif event.type in FAILED and message.campaign is None:
        body = _failed(FAILED[EventType(event.type)], message, contact)
    else:
        return None
    return _mail(event, message, contact, settings, body)


def _received(message: MessageRecord, contact: str | None, settings: MailSection) -> str:
    about = [f"Text from {_who(message, contact)}, received by modem {message.modem or '?'}."]
    if message.incomplete:
        about.append("Segments are missing. When they arrive, you get the whole text.")
    if answer_address(message.peer, settings.domain):
        about.append("Your answer to this mail is sent as a text.")
    return f"{_content(message)}\n\n-- \n" + "\n".join(about)


def _failed(outcome: str, message: MessageRecord, contact: str | None) -> str:
    reason = f": {message.error.title}" if message.error is not None else ""
    name = format_id(message.id)
    return (
        f"The text to {_who(message, contact)} {outcome}{reason}.\n\n{_content(message)}\n\n"
        f"-- \nTo see more: gsmgw show {name}\nTo send it again: gsmgw retry {name}"
    )


def _content(message: MessageRecord) -> str:
    if message.text is not None:
        return message.text
    if message.data is not None:
        return f"[{len(message.data)} bytes of data{'' if message.port is None else f' for port {message.port}'}]"
    return "[the text has been deleted]"


def _who(message: MessageRecord, contact: str | None) -> str:
    return f"{contact} ({message.peer})" if contact else message.peer


def _mail(event: Event, message: MessageRecord, contact: str | None, settings: MailSection, body: str) -> bytes:
    sender = settings.sender or ""
    user, _, domain = sender.rpartition("@")
    peer = _line(message.peer)
    name = _line(contact or "")[:_NAME_CHARS]
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = Address(f"{name or peer} (SMS)", user, domain)
    mail["To"] = ", ".join(settings.to)
    # The same for all mails of a thread: some programs join mails by their subject, too.
    mail["Subject"] = f"SMS {name} {peer}" if name else f"SMS {peer}"
    mail["Date"] = format_datetime(datetime.fromtimestamp(event.at_ms / 1000).astimezone())
    mail["Message-ID"] = mail_id(message.id, event.id, sender)
    mail["In-Reply-To"] = mail["References"] = thread_id(message.peer, sender)
    if (answer := answer_address(message.peer, settings.domain)) is not None:
        mail["Reply-To"] = answer
    mail["Auto-Submitted"] = "auto-generated"
    mail[MARK] = format_id(message.id)
    mail.set_content(_body(body), charset="utf-8")
    return mail.as_bytes()


def _line(text: str) -> str:
    """Return a text for a header: without line breaks, control characters and surrogates.

    Encoded words (RFC 2047) are broken up: :mod:`email` would decode them, and a line break in one begins a header.
    """
    return " ".join(STEERING.sub(" ", text).split()).replace("=?", "= ?")


def _body(text: str) -> str:
    return STEERING.sub(lambda match: match[0] if match[0] in "\n\t" else "", text.replace("\r\n", "\n"))
