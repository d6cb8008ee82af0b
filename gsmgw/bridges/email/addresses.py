"""Addresses: the recipient in the local part, and the IDs that join the mails of a peer. Pure."""

from __future__ import annotations

import hashlib
import re

from gsmgw.model import format_id, parse_id

#: The longest recipient: of a contact's name.
MAX_LOCAL = 200
#: The header of own mails. A mail that has it has come back.
MARK = "X-Gsmgw"

#: The ID of an own mail, with any domain: the sender may have had another one.
_MAIL_ID = re.compile(r"<sms\.([0-9a-z]{13})\.[0-9]{1,19}@")
_NUMBER = re.compile(r"\+?[0-9]{3,20}")


def recipients_in(address: str) -> list[str]:
    """Return how the recipient of ``NUMBER@anything`` may be meant, best first; empty if there is none.

    Names have dots or underscores for their spaces, or are quoted: ``"Ann Lee"@sms``, ``Ann.Lee@sms``.
    """
    local = address.rpartition("@")[0] if "@" in address else address
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    local = local.strip()
    if not local or len(local) > MAX_LOCAL or not local.isprintable():
        return []
    spaced = " ".join(re.split(r"[._]+", local)).strip()
    return [local] if spaced in (local, "") else [local, spaced]


def answer_address(peer: str, domain: str | None) -> str | None:
    """Return the address that answers to a peer go to; None if it cannot be texted."""
    return f"{peer}@{domain}" if domain and _NUMBER.fullmatch(peer) else None


def thread_id(peer: str, sender: str) -> str:
    """Return the ID that all mails about a peer refer to."""
    digest = hashlib.sha256(peer.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    return f"<peer.{digest}@{_domain(sender)}>"


def mail_id(message_id: int, event_id: int, sender: str) -> str:
    """Return the ID of the mail about an event: the same when it is sent again."""
    return f"<sms.{format_id(message_id)}.{event_id}@{_domain(sender)}>"


def answered_message(in_reply_to: str, references: str) -> int | None:
    """Return the message that an own mail was about which these headers of an answer name; None without one."""
    for found in (*_MAIL_ID.findall(in_reply_to), *reversed(_MAIL_ID.findall(references))):
        if (number := parse_id(found)) is not None:
            return number
    return None


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2]
