"""Callbacks as the clients of other gateways expect them."""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import parse_qs

import pytest
from twilio.request_validator import RequestValidator

from gsmgw.bridges import BRIDGES
from gsmgw.bridges.kannel.dialect import DLR_BITS, KannelDialect, fill_escapes
from gsmgw.bridges.smsgate.dialect import SmsgateDialect
from gsmgw.bridges.twilio.dialect import TwilioDialect
from gsmgw.config import CompatSection
from gsmgw.dispatch.dialect import Notification
from gsmgw.model import Direction, Event, MessageRecord, Priority, Status, format_id
from gsmgw.store.callbacks import Callback
from gsmgw.store.webhooks import Webhook

AT_MS = 1_700_000_000_000
MESSAGE = MessageRecord(
    id=5, direction=Direction.OUTBOUND, status=Status.SENT, peer="+4915112345678", own=None, text="50 % & more",
    data=None, port=None, encoding="gsm7", segments=1, modem="m0", route="", client="shop", priority=Priority.NORMAL,
    message_class=None, report=True, on_unknown=None, client_ref="smsgate:order-7:0", tags=(), attempts=1,
    created_ms=AT_MS, send_at_ms=None, expires_ms=None, due_ms=None, waiting=None, sent_ms=AT_MS, delivered_ms=None,
    received_ms=None, smsc_ms=None, error=None, incomplete=False,
)  # fmt: skip


def notification(type: str, callback: Callback | None = None, message: MessageRecord | None = MESSAGE) -> Notification:
    hook = Webhook(
        id="wh_1", url="https://x.example/", description="", events=(), tags=(), modems=(), ordered=True, secrets=(),
        state="active", reason=None, cursor=0, created_ms=0, format="smsgate",
    )  # fmt: skip
    return Notification(hook, Event(9, AT_MS, type, 5, "m0", {}), message, callback, "evt_9", AT_MS)


def test_every_bridge_has_a_dialect_and_a_path_of_its_own() -> None:
    settings = CompatSection()
    assert [bridge.name for bridge in BRIDGES] == ["kannel", "smsgate", "twilio"]
    assert not any(bridge.is_on(settings) for bridge in BRIDGES)
    assert [bridge.make_dialect(settings).has_test for bridge in BRIDGES] == [False, True, False]
    prefixes = [prefix for bridge in BRIDGES for prefix in bridge.prefixes]
    assert len(set(prefixes)) == len(prefixes) == 3


@pytest.mark.parametrize(
    ("url", "filled"),
    [
        ("http://x/?d=%d&to=%P&i=%I", f"http://x/?d=8&to=%2B4915112345678&i={format_id(5)}"),
        ("http://x/?t=%a", "http://x/?t=50%20%25%20%26%20more"),
        ("http://x/?s=a%20b&c=%%C3", "http://x/?s=a%20b&c=%C3"),
        ("http://x/?p=100%%", "http://x/?p=100%25"),
        ("http://x/?k=%k|%z|%", "http://x/?k=|%z|%"),
    ],
)
def test_escape_codes_of_kannel(url: str, filled: str) -> None:
    assert fill_escapes(url, Event(9, AT_MS, "message.sent", 5, "m0", {}), MESSAGE, 8) == filled


def test_kannel_tells_of_what_the_mask_asks_for() -> None:
    dialect = KannelDialect()
    for type, bit in DLR_BITS.items():
        post = dialect.render(notification(type, Callback("http://x/%d", 31)))
        assert post is not None
        assert (post.method, post.url, post.body) == ("GET", f"http://x/{bit}", b"")
        assert dialect.render(notification(type, Callback("http://x/%d", 31 & ~bit))) is None
    assert dialect.render(notification("message.sending", Callback("http://x/", 31))) is None
    assert dialect.render(notification("message.sent")) is None


def test_twilio_signs_its_form() -> None:
    dialect = TwilioDialect("AC1", "secret")
    post = dialect.render(notification("message.delivered", Callback("https://x/?a=1")))
    assert post is not None
    fields = {name: values[0] for name, values in parse_qs(post.body.decode(), keep_blank_values=True).items()}
    assert (fields["MessageStatus"], fields["MessageSid"]) == ("delivered", f"SM{5:032x}")
    assert RequestValidator("secret").validate("https://x/?a=1", fields, post.headers["X-Twilio-Signature"])
    assert dialect.render(notification("message.queued", Callback("https://x/"))) is None


def test_smsgate_uses_the_id_that_its_client_gave() -> None:
    post = SmsgateDialect("signing-key").render(notification("message.sent"))
    assert post is not None
    body = json.loads(post.body)
    assert (body["event"], body["payload"]["messageId"]) == ("sms:sent", "order-7")
    wanted = hmac.new(b"signing-key", post.body + post.headers["X-Timestamp"].encode(), hashlib.sha256).hexdigest()
    assert post.headers["X-Signature"] == wanted
    unsigned = SmsgateDialect(None).render(notification("webhook.test", message=None))
    assert unsigned is not None
    assert (json.loads(unsigned.body)["event"], "X-Signature" in unsigned.headers) == ("system:ping", False)
    assert SmsgateDialect(None).render(notification("message.queued")) is None
