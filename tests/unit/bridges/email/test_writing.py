"""Mails about texts: headers that strangers cannot change, and one thread for each peer."""

from __future__ import annotations

import email.policy
import random
from dataclasses import replace
from email.parser import BytesParser
from typing import Any

import pytest

from gsmgw.bridges.email.addresses import recipients_in
from gsmgw.bridges.email.reading import BadMail, read_mail
from gsmgw.bridges.email.writing import write_mail
from gsmgw.config.mail import MailSection
from gsmgw.model import Direction, Event, EventType, MessageError, MessageRecord, Priority, Status, format_id

AT_MS = 1_700_000_000_000
MESSAGE = MessageRecord(
    id=5, direction=Direction.INBOUND, status=Status.RECEIVED, peer="+4915112345678", own=None, text="Grüße 🚌",
    data=None, port=None, encoding="ucs2", segments=1, modem="m0", route="", client="", priority=Priority.NORMAL,
    message_class=None, report=True, on_unknown=None, client_ref=None, tags=(), attempts=1,
    created_ms=AT_MS, send_at_ms=None, expires_ms=None, due_ms=None, waiting=None, sent_ms=None, delivered_ms=None,
    received_ms=AT_MS, smsc_ms=None, error=None, incomplete=False,
)  # fmt: skip
SETTINGS = MailSection(sender="sms@gate.example", to=["ann@home.example", "ben@home.example"], domain="sms.example")


def raw(
    message: MessageRecord = MESSAGE,
    contact: str | None = None,
    type: EventType = EventType.MESSAGE_RECEIVED,
    settings: MailSection = SETTINGS,
) -> bytes | None:
    return write_mail(Event(9, AT_MS, type, message.id, "m0", {}), message, contact, settings)


def parsed(*args: Any, **options: Any) -> Any:
    found = raw(*args, **options)
    assert found is not None
    return BytesParser(policy=email.policy.default).parsebytes(found)


def body_of(*args: Any, **options: Any) -> str:
    return str(parsed(*args, **options).get_content()).replace("\r\n", "\n")


def test_a_received_text() -> None:
    mail = parsed(contact="Anna Müller")
    assert mail["Subject"] == "SMS Anna Müller +4915112345678"
    assert mail["To"] == "ann@home.example, ben@home.example"
    assert mail["From"].addresses[0].display_name == "Anna Müller (SMS)"
    assert mail["Reply-To"] == "+4915112345678@sms.example"
    assert mail["Message-ID"] == f"<sms.{format_id(5)}.9@gate.example>"
    assert mail["X-Gsmgw"] == format_id(5)
    assert body_of(contact="Anna Müller").startswith("Grüße 🚌\n\n-- \nText from Anna Müller (+4915112345678)")
    assert raw() == raw()  # sent again it is the same mail


def test_a_mail_of_the_bridge_that_comes_back_is_a_loop() -> None:
    with pytest.raises(BadMail, match="loop"):
        read_mail(raw() or b"")


@pytest.mark.parametrize(
    "evil", ["A\r\nBcc: all@x", "A\nX: y", "\r\n\r\nbody", "a\x00b", "\u2028x", "\ud800", "=?utf-8?q?=0ABcc:_x?="]
)
def test_strangers_add_no_header(evil: str) -> None:
    mail = parsed(replace(MESSAGE, text=f"{evil}\nBcc: x", peer=f"Bank{evil}"), contact=evil)
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "X-Gsmgw",
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip
    assert mail["To"] == "ann@home.example, ben@home.example"
    assert "Bcc: x" in mail.get_content()


def test_any_name_and_text_can_be_written() -> None:
    chance = random.Random(5)
    alphabet = 'aÄ語🚌é"\\<>@,;:()[] \t\r\n.=?_\x00\x7f\u200f\u202e\ud83d'
    for _ in range(300):
        name, text = ("".join(chance.choices(alphabet, k=chance.randrange(120))) for _ in range(2))
        mail = parsed(replace(MESSAGE, text=text), contact=name)
        assert mail["Reply-To"] == "+4915112345678@sms.example"
        assert mail["To"] == "ann@home.example, ben@home.example"


def test_who_cannot_be_texted_has_no_reply_address() -> None:
    assert parsed(replace(MESSAGE, peer="MyBank"))["Reply-To"] is None
    assert parsed(settings=SETTINGS.model_copy(update={"domain": None}))["Reply-To"] is None
    assert parsed(replace(MESSAGE, peer="12345"))["Reply-To"] == "12345@sms.example"


def test_failures() -> None:
    failed = replace(MESSAGE, direction=Direction.OUTBOUND, error=MessageError("x", "the network refused it"))
    body = body_of(failed, type=EventType.MESSAGE_FAILED)
    assert body.startswith("The text to +4915112345678 was not sent: the network refused it.\n\nGrüße")
    assert f"gsmgw retry {format_id(5)}" in body
    assert "expired" in parsed(replace(failed, error=None), type=EventType.MESSAGE_EXPIRED).get_content()
    assert parsed(failed, type=EventType.MESSAGE_FAILED)["References"] == parsed()["References"]
    assert raw(replace(failed, campaign="c1"), type=EventType.MESSAGE_FAILED) is None
    assert raw(type=EventType.MESSAGE_SENT) is None


def test_what_is_not_a_text() -> None:
    assert (
        parsed(replace(MESSAGE, text=None, data=b"1234", port=5))
        .get_content()
        .startswith("[4 bytes of data for port 5]")
    )
    assert parsed(replace(MESSAGE, text=None)).get_content().startswith("[the text has been deleted]")
    assert "Segments are missing" in parsed(replace(MESSAGE, incomplete=True)).get_content()


@pytest.mark.parametrize(
    ("address", "recipients"),
    [
        ("+4915112345678@sms", ["+4915112345678"]),
        ("Anna@sms", ["Anna"]),
        ('"Anna Lee"@sms', ["Anna Lee"]),
        (r'"Anna \"A\" Lee"@sms', ['Anna "A" Lee']),
        ("Anna.Lee@sms", ["Anna.Lee", "Anna Lee"]),
        ("anna_van_lee@sms", ["anna_van_lee", "anna van lee"]),
        ("Anna", ["Anna"]),
        ("@sms", []),
        ('""@sms', []),
        ("a\x01b@sms", []),
        (f"{'a' * 201}@sms", []),
        ("...@sms", ["..."]),
    ],
)
def test_recipients(address: str, recipients: list[str]) -> None:
    assert recipients_in(address) == recipients
