"""The doors for clients of other gateways, with those clients: Twilio's library, SMSGate's library, curl for Kannel."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote

import httpx
import pytest
from android_sms_gateway import APIClient, DataMessage, Message, TextMessage
from android_sms_gateway.domain import Webhook
from android_sms_gateway.enums import ProcessState, WebhookEvent
from android_sms_gateway.http import RequestsHttpClient
from support.receiver import Receiver, receiving
from support.rig import Rig, make_config, running
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client as TwilioClient

from gsmgw.http.server import bind_tcp
from gsmgw.model import format_id
from hw_sim import Simulation

ANNA, BEN = "+4915112345671", "+4915112345672"
SID, AUTH = "AC" + "0123456789abcdef" * 2, "a-token-of-the-account"
SIGNING_KEY = "a signing key"
T = TypeVar("T")


@dataclass
class Place:
    rig: Rig
    sim: Simulation
    url: str
    secret: str

    async def call(self, function: Callable[[], T]) -> T:
        """A blocking client's call, beside the gateway's loop."""
        return await asyncio.to_thread(function)

    async def kannel(self, query: str, *extra: str) -> tuple[int, str]:
        """As Kannel's user guide has it: curl with a query string."""
        command = ["curl", "-s", "-w", "\\n%{http_code}", *extra, f"{self.url}/cgi-bin/sendsms?{query}"]
        done = await self.call(lambda: subprocess.run(command, capture_output=True, text=True, check=True))
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    @property
    def twilio(self) -> TwilioClient:
        client = TwilioClient(SID, AUTH, http_client=TwilioHttpClient(pool_connections=False))
        client.api.base_url = self.url
        return client

    async def smsgate(self, function: Callable[[APIClient], T]) -> T:
        def work() -> T:
            with (
                RequestsHttpClient() as http,
                APIClient("door", self.secret, base_url=f"{self.url}/3rdparty/v1", http=http) as client,
            ):
                return function(client)

        return await self.call(work)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    compat = {
        "kannel": True, "smsgate": True, "twilio": True, "twilio_account_sid": SID, "twilio_auth_token": AUTH,
        "smsgate_signing_key": SIGNING_KEY,
    }  # fmt: skip
    listener = bind_tcp("127.0.0.1:0")
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        modem = await sim.add_modem("modem0")
        sections = {
            "compat": {**compat, "callback_allow": ["http", "loopback"]},
            "webhooks": {"allow": ["http", "loopback"]},
        }
        async with running(make_config(tmp_path, {"modem0": modem.path}, sections), listener) as rig:
            await rig.modem_is("modem0", "ready")
            body = {"name": "door", "scopes": ["send", "read", "manage"]}
            secret = (await rig.client.request("POST", "/v1/tokens", json=body))["token"]
            yield Place(rig, sim, f"http://127.0.0.1:{listener.getsockname()[1]}", secret)


def parse_sid(sid: str) -> str:
    """The id of a message by that of Twilio's library."""
    return format_id(int(sid[2:], 16))


def told(receiver: Receiver) -> list[Any]:
    return [request.json for request in receiver.requests]


# -- Kannel -----------------------------------------------------------------------------------------------------


async def test_kannel_takes_a_message_and_reports_its_delivery(place: Place) -> None:
    async with receiving(200) as receiver:
        dlr = quote(
            f"http://127.0.0.1:{receiver.port}/dlr?order=17&type=%d&to=%P&at=%T&none=%k&half=100%%&own=a%2Bb%20%%C3%%BC",
            safe="",
        )
        query = f"username=door&password={place.secret}&from=123&to={quote(ANNA)}&text=Hello+world"
        status, words = await place.kannel(f"{query}&dlr-mask=31&dlr-url={dlr}")
        assert (status, words) == (202, "0: Accepted for delivery")
        await receiver.came(2)
        found = [dict(parse_qsl(request.path.partition("?")[2])) for request in receiver.requests]
    assert sorted(fields["type"] for fields in found) == ["1", "8"]  # the phone has it, the network has it
    assert {fields["to"] for fields in found} == {ANNA}
    assert {fields["order"] for fields in found} == {"17"}
    assert {fields["half"] for fields in found} == {"100%"}
    assert {fields["own"] for fields in found} == {"a+b ü"}
    assert not any("none" in fields for fields in found)
    assert [entry.text for entry in place.sim.phone(ANNA).received] == ["Hello world"]


async def test_kannel_reports_only_what_the_mask_asks_for(place: Place) -> None:
    async with receiving(200) as receiver:
        url = quote(f"http://127.0.0.1:{receiver.port}/dlr?type=%d", safe="")
        auth = f"user=door&pass={place.secret}"
        await place.kannel(f"{auth}&to={quote(ANNA)}&text=a&dlr-mask=1&dlr-url={url}")
        await receiver.came(1)
        assert [request.path for request in receiver.requests] == ["/dlr?type=1"]


async def test_kannel_speaks_its_words_when_something_is_wrong(place: Place) -> None:
    auth = f"username=door&password={place.secret}"
    for query, status, words in (
        (f"username=door&password=wrong&to={quote(ANNA)}&text=x", 403, "Authorization failed for sendsms"),
        (f"username=other&password={place.secret}&to=1&text=x", 403, "Authorization failed for sendsms"),
        (f"{auth}&text=x", 400, "Missing receiver number, rejected"),
        (f"{auth}&to={quote(ANNA)}", 400, "Empty text not allowed, rejected"),
        (f"{auth}&to=12&text=x", 400, "to: '12' lacks its area code, rejected"),
        (f"{auth}&to={quote(ANNA)}&text=x&udh=06050415820000", 400, "udh is not supported, rejected"),
        (f"{auth}&to={quote(ANNA)}&text=x&charset=nonsense", 400, "Charset nonsense is not known, rejected"),
        *(
            (f"{auth}&to={quote(ANNA)}&text=x&charset={name}", 400, "is not known, rejected")
            for name in ("undefined", "punycode", "idna", "unicode_escape", "rot13", "hex", "%00")
        ),
        (f"{auth}&to={quote(ANNA)}&text=%04%1F&coding=2&charset=UCS-2", 400, "use UTF-8, UTF-16BE or UTF-16LE"),
        (f"{auth}&to={quote(ANNA)}&text=odd&coding=2", 400, "Text is not in the charset UTF-16BE, rejected"),
        (f"{auth}&to={quote(ANNA)}&text=x&compress=1", 400, "compress is not supported, rejected"),
        (f"{auth}&to={quote(ANNA)}&text=x&priority=9", 400, "priority must be 0 to 3, rejected"),
        (f"{auth}&to={quote(ANNA)}&text=x&deferred=999999999", 400, "deferred is too far ahead, rejected"),
        (f"{auth}&to={quote(ANNA)}&text=x&dlr-mask=1&dlr-url=http%3A%2F%2F10.0.0.1%2F", 400, "URL not allowed"),
    ):
        answer = await place.kannel(query)
        assert answer[0] == status, query
        assert words in answer[1]


async def test_kannel_knows_charsets_codings_and_several_receivers(place: Place) -> None:
    auth = f"username=door&password={place.secret}"
    utf16 = "".join(f"%{octet:02X}" for octet in "Grüße ☀".encode("utf-16-be"))
    to = quote(f"{ANNA} {BEN} 12")
    status, words = await place.kannel(f"{auth}&to={to}&text={utf16}&charset=UTF-16BE&coding=2&mclass=1")
    assert status == 202
    assert words.startswith("0: Accepted for delivery\nIncorrect receiver(s): 12")
    found = (await place.rig.client.page(direction="outbound"))["data"]
    assert {message["to"] for message in found} == {ANNA, BEN}
    assert {(message["text"], message["encoding"], message["class"]) for message in found} == {("Grüße ☀", "ucs2", 1)}
    status, words = await place.kannel(f"{auth}&to={quote(BEN)}&text={utf16}&coding=2")  # its default with coding 2
    newest = (await place.rig.client.page(direction="outbound", limit=1))["data"][0]
    assert (status, newest["text"], newest["encoding"]) == (202, "Grüße ☀", "ucs2")
    await place.kannel(f"{auth}&to={quote(BEN)}&text=at+once&flash=1&rpi=0&pid=0&compress=0")
    newest = (await place.rig.client.page(direction="outbound", limit=1))["data"][0]
    assert (newest["text"], newest["class"]) == ("at once", 0)
    status, words = await place.kannel(f"{auth}&to={ANNA[1:]}&text=later&deferred=60", "-X", "POST")
    assert (status, words) == (202, "3: Queued for later delivery")
    assert (await place.rig.client.page(status="scheduled"))["data"][0]["to"] == ANNA


async def test_callbacks_are_bounded_for_each_token_and_leave_webhooks_their_room(place: Place) -> None:
    made = await place.rig.client.request("POST", "/v1/tokens", json={"name": "shop", "scopes": ["send"]})

    async def send(name: str, secret: str, port: int) -> tuple[int, str]:
        url = quote(f"http://127.0.0.1:{port}/dlr", safe="")
        query = f"username={name}&password={secret}&to={quote(ANNA)}&text=x&deferred=60&dlr-mask=1&dlr-url={url}"
        return await place.kannel(query)

    for number in range(10):
        assert (await send("shop", made["token"], 20_000 + number))[0] == 202
    status, words = await send("shop", made["token"], 20_010)
    assert (status, "10 servers already" in words) == (400, True)
    assert (await send("shop", made["token"], 20_003))[0] == 202  # a target that it has
    assert (await send("door", place.secret, 20_010))[0] == 202  # another token has its own
    assert (await send("door", place.secret, 20_003))[0] == 202
    targets = (await place.rig.client.request("GET", "/v1/webhooks"))["data"]
    assert len(targets) == 12
    assert all(target["expires_at"] is not None for target in targets)
    await place.rig.client.request("POST", "/v1/webhooks", json={"url": "http://127.0.0.1:9/own"})


async def test_callbacks_go_by_a_policy_of_their_own(tmp_path: Path) -> None:
    sections = {"compat": {"kannel": True}, "webhooks": {"allow": ["http", "loopback", "private"]}}
    listener = bind_tcp("127.0.0.1:0")
    async with running(make_config(tmp_path, {}, sections), listener) as rig:
        made = await rig.client.request("POST", "/v1/tokens", json={"name": "shop", "scopes": ["send"]})
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            for url, why in (
                ("http://192.168.1.1/", 'http:// needs [compat] callback_allow = ["http"]'),
                ("https://127.0.0.1/", 'is a loopback address: it needs [compat] callback_allow = ["loopback"]'),
                ("https://[fd20:ce::254]/", "never allowed"),
            ):
                query = {"username": "shop", "password": made["token"], "to": ANNA, "text": "x"}
                answer = await client.get("/cgi-bin/sendsms", params={**query, "dlr-mask": "1", "dlr-url": url})
                assert (answer.status_code, why in answer.text) == (400, True), answer.text
        assert (await rig.client.page())["data"] == []


# -- SMSGate ----------------------------------------------------------------------------------------------------


async def test_smsgate_takes_a_message_and_tells_its_state(place: Place) -> None:
    message = Message(phone_numbers=[ANNA, BEN], text_message=TextMessage(text="Hello"), id="order-17")
    state = await place.smsgate(lambda client: client.send(message))
    assert state.id == "order-17"
    assert state.state is not ProcessState.Failed  # it may be on its way already
    assert [recipient.phone_number for recipient in state.recipients] == [ANNA, BEN]
    for entry in (await place.rig.client.page(direction="outbound"))["data"]:
        await place.rig.ended(entry["id"])
    state = await place.smsgate(lambda client: client.get_state("order-17"))
    assert state.state is ProcessState.Delivered
    assert {recipient.state for recipient in state.recipients} == {ProcessState.Delivered}
    again = await place.smsgate(lambda client: client.send(message))  # the same once more is the same
    assert again.id == "order-17"
    assert len((await place.rig.client.page(direction="outbound"))["data"]) == 2


async def test_smsgate_webhooks_have_its_envelope_and_its_signature(place: Place) -> None:
    async with receiving(200) as receiver:
        url = f"http://127.0.0.1:{receiver.port}/sms"
        for event in (WebhookEvent.SMS_RECEIVED, WebhookEvent.SMS_DELIVERED):
            hook = Webhook(id=None, url=url, event=event)
            made = await place.smsgate(lambda client, hook=hook: client.create_webhook(hook))
            assert made.event is event
        assert len(await place.smsgate(lambda client: client.get_webhooks())) == 2
        message = Message(phone_numbers=[ANNA], text_message=TextMessage(text="Hello"), id="a1")
        await place.smsgate(lambda client: client.send(message))
        await receiver.came(1)
        place.sim.send(from_=ANNA, to=place.sim.modem("modem0").number, text="an answer")
        await receiver.came(2)
    delivered, received = told(receiver)
    assert (delivered["event"], delivered["payload"]["messageId"]) == ("sms:delivered", "a1")
    assert received["event"] == "sms:received"
    assert received["payload"]["message"] == "an answer"
    assert received["payload"]["phoneNumber"] == ANNA
    for request in receiver.requests:  # by the words of its documentation: body, then time stamp
        signed = request.body.encode() + request.headers["x-timestamp"].encode()
        assert request.headers["x-signature"] == hmac.new(SIGNING_KEY.encode(), signed, hashlib.sha256).hexdigest()
    await place.smsgate(lambda client: client.delete_webhook(received["webhookId"]))
    assert len(await place.smsgate(lambda client: client.get_webhooks())) == 1
    entries = [each async for each in place.rig.client.audit(who="door")]
    assert [(each["method"], each["path"], each["status"]) for each in entries] == [
        ("DELETE", f"/3rdparty/v1/webhooks/{received['webhookId']}", 204),
        ("POST", "/3rdparty/v1/webhooks", 201),
        ("POST", "/3rdparty/v1/webhooks", 201),
    ]


async def test_smsgate_errors_and_data(place: Place) -> None:
    def rejected(client: APIClient, message: Message) -> str:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever its HTTP library makes of it
            client.send(message)
        return str(caught.value)

    bad = Message(phone_numbers=["12"], text_message=TextMessage(text="x"))
    assert "400" in await place.smsgate(lambda client: rejected(client, bad))
    secret, place.secret = place.secret, "wrong"
    assert "401" in await place.smsgate(lambda client: rejected(client, bad))
    place.secret = secret
    for moment in ("9999-12-31T23:59:59-23:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
        body = {"phoneNumbers": [ANNA], "message": "x", "scheduleAt": moment}
        async with httpx.AsyncClient(base_url=place.url, auth=("door", secret)) as client:
            answer = await client.post("/3rdparty/v1/messages", json=body)
        assert (answer.status_code, answer.json()) == (
            400, {"message": "scheduleAt: is outside the years 1970 to 2199"},
        ), moment  # fmt: skip
    data = Message(phone_numbers=[ANNA], data_message=DataMessage.with_bytes(b"\0\1", 5000), ttl=120)
    await place.smsgate(lambda client: client.send(data))
    (entry,) = (await place.rig.client.page(direction="outbound"))["data"]
    assert (entry["data"], entry["port"]) == ("AAE=", 5000)


async def test_smsgate_cancels_what_waits(place: Place) -> None:
    place.sim.modem("modem0").unplug()
    await place.rig.modem_is("modem0", "absent")
    message = Message(phone_numbers=[ANNA], text_message=TextMessage(text="x"), id="waits")
    await place.smsgate(lambda client: client.send(message))
    await place.smsgate(lambda client: client.cancel_message("waits"))
    assert (await place.smsgate(lambda client: client.get_state("waits"))).state is ProcessState.Cancelled


# -- Twilio -----------------------------------------------------------------------------------------------------


async def test_twilio_sends_fetches_and_calls_back(place: Place) -> None:
    async with receiving(204) as receiver:
        callback = f"http://127.0.0.1:{receiver.port}/status?order=17"
        sent = await place.call(
            lambda: place.twilio.messages.create(to=ANNA, from_="+15005550006", body="Hello", status_callback=callback)
        )
        assert sent.status in ("queued", "sending")  # it may be on its way when the answer is written
        assert (sent.to, sent.num_segments, sent.error_code) == (ANNA, "1", None)
        requests = await receiver.came(3)
    forms = [dict(parse_qsl(request.body)) for request in requests]
    assert sorted(form["MessageStatus"] for form in forms) == ["delivered", "sending", "sent"]
    assert {form["MessageSid"] for form in forms} == {sent.sid}
    validator = RequestValidator(AUTH)
    for request, form in zip(requests, forms, strict=True):
        assert request.path == "/status?order=17"
        # its own library checks the signature, over empty fields, too
        fields = dict(parse_qsl(request.body, keep_blank_values=True))
        assert validator.validate(callback, fields, request.headers["x-twilio-signature"])
        assert not validator.validate(callback, {**fields, "To": BEN}, request.headers["x-twilio-signature"])
        assert form["AccountSid"] == SID
    fetched = await place.call(lambda: place.twilio.messages(sent.sid).fetch())
    assert (fetched.status, fetched.body, fetched.date_sent is not None) == ("delivered", "Hello", True)


async def test_twilio_errors_have_its_codes(place: Place) -> None:
    def failing(work: Callable[[], Any]) -> tuple[int, int]:
        with pytest.raises(TwilioRestException) as caught:
            work()
        return caught.value.status, caught.value.code

    messages = place.twilio.messages
    for work, expected in (
        (lambda: messages.create(to="12", from_="x", body="x"), (400, 21211)),
        (lambda: messages.create(to=ANNA, from_="x", body=""), (400, 21602)),
        (lambda: messages.create(to=ANNA, from_="x", body="x" * 40_000), (400, 21617)),
        (lambda: messages.create(to=ANNA, from_="x", body="x", status_callback="http://10.0.0.1/"), (400, 21609)),
        (lambda: messages.create(to=ANNA, body="x", send_at="9999-12-31T23:59:59-23:00"), (400, 20001)),
        (lambda: messages.create(to=ANNA, body="x", send_at="0001-01-01T00:00:00+23:00"), (400, 20001)),
        (lambda: messages("SM" + "0" * 32).fetch(), (404, 20404)),
        (lambda: messages("SM" + "f" * 32).fetch(), (404, 20404)),
    ):
        assert await place.call(lambda work=work: failing(work)) == expected
    stranger = TwilioClient(SID, "wrong", http_client=TwilioHttpClient(pool_connections=False))
    stranger.api.base_url = place.url
    work = lambda: stranger.messages.create(to=ANNA, from_="x", body="x")  # noqa: E731 - as the others above
    assert await place.call(lambda: failing(work)) == (401, 20003)


async def test_twilio_lists_what_it_sent_page_by_page(place: Place) -> None:
    await place.rig.client.send(ANNA, "of another client")
    sent = [
        await place.call(lambda n=n: place.twilio.messages.create(to=ANNA, from_="x", body=f"text {n}"))
        for n in range(5)
    ]  # type: ignore[misc]
    other = await place.call(lambda: place.twilio.messages.create(to=BEN, from_="x", body="to Ben"))
    await place.rig.ended(parse_sid(other.sid))
    messages = place.twilio.messages
    listed = await place.call(lambda: messages.list(page_size=2))
    assert [message.sid for message in listed] == [other.sid, *(message.sid for message in reversed(sent))]
    assert listed[0].body == "to Ben"
    assert [message.sid for message in await place.call(lambda: messages.list(limit=3, page_size=2))] == [
        message.sid for message in listed[:3]
    ]
    assert len(list(await place.call(lambda: list(messages.stream(page_size=4))))) == 6
    number = place.sim.modem("modem0").number
    today = datetime.now(UTC)
    for filters, count in (
        ({"to": BEN}, 1),
        ({"to": "+49 1511 2345672"}, 1),
        ({"to": "+4915112345679"}, 0),
        ({"from_": number}, 6),
        ({"from_": "+15005550006"}, 0),
        ({"date_sent": today.date()}, sum(message.date_sent.date() == today.date() for message in listed)),
        ({"date_sent": today - timedelta(days=2)}, 0),
        ({"date_sent_after": today - timedelta(hours=1)}, 6),
        ({"date_sent_after": today + timedelta(hours=1)}, 0),
        ({"date_sent_before": today + timedelta(hours=1)}, 6),
        ({"date_sent_before": today - timedelta(days=1)}, 0),
        ({"to": ANNA, "from_": number, "date_sent_after": today - timedelta(hours=1)}, 5),
    ):
        found = await place.call(lambda filters=filters: messages.list(**filters, page_size=2))  # type: ignore[misc]
        assert len(found) == count, filters


async def test_twilio_gets_its_form_of_error_for_everything(place: Place) -> None:
    async with httpx.AsyncClient(base_url=place.url, auth=(SID, AUTH)) as http:
        account = f"/2010-04-01/Accounts/{SID}"
        for method, path, status, code in (
            ("GET", f"{account}/Calls.json", 404, 20404),
            ("GET", "/2010-04-01/nonsense", 404, 20404),
            ("DELETE", f"{account}/Messages/SM{1:032x}.json", 405, 20004),
            ("GET", f"{account}/Messages.json?DateSent=yesterday", 400, 20001),
            ("GET", f"{account}/Messages.json?PageSize=many", 400, 20001),
            ("GET", f"{account}/Messages.json?PageToken=x", 400, 20001),
        ):
            answer = await http.request(method, path)
            body = answer.json()
            assert (answer.status_code, body["code"], body["status"]) == (status, code, status), path
            assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
            assert body["message"]
        assert (await http.get(f"{account}/Messages.json?PageSize=5000")).json()["page_size"] == 1000
    async with httpx.AsyncClient(base_url=place.url) as stranger:
        refused = await stranger.get(f"{account}/Messages.json")
        assert (refused.status_code, refused.json()["code"]) == (401, 20003)


async def test_twilio_cancels_what_is_scheduled(place: Place) -> None:
    place.sim.modem("modem0").unplug()
    await place.rig.modem_is("modem0", "absent")
    sent = await place.call(lambda: place.twilio.messages.create(to=ANNA, from_="x", body="x"))
    changed = await place.call(lambda: place.twilio.messages(sent.sid).update(status="canceled"))
    assert changed.status == "canceled"


async def test_who_opted_out_is_refused_at_every_door(place: Place) -> None:
    scheduled = await place.rig.client.send(ANNA, "later", send_at="2199-01-01T00:00:00Z")
    await place.rig.client.opt_out(ANNA)
    assert (await place.rig.client.message(scheduled["id"]))["status"] == "canceled"
    with pytest.raises(TwilioRestException) as refused:
        await place.call(lambda: place.twilio.messages.create(to=ANNA, from_="x", body="x"))
    assert (refused.value.status, refused.value.code) == (400, 21610)
    words = f"username=door&password={place.secret}&to={quote(ANNA)}&text=x"
    status, body = await place.kannel(words)
    assert status == 400
    assert "the recipient has opted out" in body
    assert body.endswith(", rejected")
    message = Message(text_message=TextMessage(text="x"), phone_numbers=[ANNA, BEN])
    state = await place.smsgate(lambda client: client.send(message))
    assert [(each.phone_number, each.state is ProcessState.Failed) for each in state.recipients] == [
        (BEN, False),  # it may be on its way already
        (ANNA, True),
    ]
    assert "opted out" in str(state.recipients[1].error)


async def test_without_being_opened_there_is_no_door(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {})) as rig:
        for path in ("/cgi-bin/sendsms", "/3rdparty/v1/messages", f"/2010-04-01/Accounts/{SID}/Messages.json"):
            assert (await rig.http.post(path)).status_code == 404
