"""The e-mail bridge: mails become texts, texts become mails, and the answer to a mail answers the text."""

from __future__ import annotations

import asyncio
import base64
import random
import smtplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from support.mail import ANN, SENDER, Sink, certificate, free_port, post, require_swaks, sink
from support.rig import Rig, simulated

from gsmgw.client import Client
from gsmgw.doctor.examination import _check_bridges
from gsmgw.errors import StoreUnavailable
from hw_sim import Simulation

ANNA, BEN = "+4915112345678", "+4915187654321"


def bridge(rig: Rig) -> Any:
    return rig.gateway.bridges.standing["mail"]


@dataclass
class Place:
    """A gateway with the bridge, a token, and the mail server that it sends to."""

    rig: Rig
    sim: Simulation
    sink: Sink
    port: int
    secret: str

    async def post(self, to: str | list[str], mail: str | bytes | EmailMessage, **options: Any) -> str:
        """Send a mail to the gateway."""
        return await asyncio.to_thread(post, self.port, options.pop("secret", self.secret), to, mail, **options)

    def got(self, number: str = ANNA) -> list[str]:
        """The texts that a phone has received."""
        return [str(each.text) for each in self.sim.phone(number).received]


async def token(rig: Rig, name: str = "nas", **options: Any) -> str:
    body = {"name": name, "scopes": ["send"], **options}
    return str((await rig.client.request("POST", "/v1/tokens", json=body))["token"])


@asynccontextmanager
async def bridged(directory: Path, modems: int = 1, **mail: Any) -> AsyncIterator[Place]:
    port = free_port()
    with sink() as found:
        section = {
            "listen": f"127.0.0.1:{port}",
            "server": "127.0.0.1",
            "port": found.port,
            "sender": SENDER,
            "to": [ANN],
            "domain": "sms.example",
            **mail,
        }
        async with simulated(directory, modems=modems, sections={"mail": section}) as (sim, rig):
            await rig.until(lambda: bridge(rig).listener.port is not None)
            yield Place(rig, sim, found, port, await token(rig))


async def test_a_mail_becomes_a_text(tmp_path: Path) -> None:
    async with bridged(tmp_path) as place:
        answer = await place.post(f"{ANNA}@sms", "Subject: Disk full\nMessage-ID: <1@nas>\n\nVolume 1: 98 %\n")
        assert "accepted" in answer
        await place.rig.until(lambda: place.got() == ["Disk full\nVolume 1: 98 %"])


async def test_a_text_becomes_a_mail_and_its_answer_a_text(tmp_path: Path) -> None:
    async with bridged(tmp_path, modems=2) as place:
        assert (await place.rig.http.put(f"/v1/contacts/{ANNA}", json={"name": "Anna Müller"})).status_code == 201
        place.sim.send(from_=ANNA, to="modem1", text="Wo bleibt ihr? 🚌")
        await place.rig.until(lambda: len(place.sink.mails) == 1)
        (mail,) = place.sink.mails
        assert place.sink.texts() == ["Wo bleibt ihr? 🚌"]
        assert place.sink.envelopes == [(SENDER, [ANN])]
        assert mail["Subject"] == f"SMS Anna Müller {ANNA}"
        assert mail["From"].addresses[0].display_name == "Anna Müller (SMS)"
        assert (mail["Reply-To"], mail["Auto-Submitted"]) == (f"{ANNA}@sms.example", "auto-generated")
        answer = EmailMessage()
        answer["Subject"] = f"Re: {mail['Subject']}"
        answer["In-Reply-To"], answer["References"] = mail["Message-ID"], f"{mail['References']} {mail['Message-ID']}"
        answer["Message-ID"] = "<answer@home.example>"
        answer.set_content(
            "In zehn Minuten.\n\nAm 28.11.26 um 20:41 schrieb Anna Müller (SMS):\n> Wo bleibt ihr?\n\n-- \nAnn\n"
        )
        await place.post(mail["Reply-To"], answer)
        await place.rig.until(lambda: place.got() == ["In zehn Minuten."])
        (sent,) = place.sim.phone(ANNA).received
        assert sent.sender == place.rig.gateway.modems["modem1"].status.number


def answering(mail: Any, text: str, *headers: str) -> EmailMessage:
    """An answer as mail programs write it, with these of its headers."""
    answer = EmailMessage()
    answer["Subject"] = f"Re: {mail['Subject']}"
    found = {"In-Reply-To": mail["Message-ID"], "References": f"{mail['References']} {mail['Message-ID']}"}
    for header in headers:
        answer[header] = found[header]
    answer["Message-ID"] = f"<{text}@home.example>"
    answer.set_content(text)
    return answer


async def test_an_answer_leaves_through_the_sim_of_the_answered_text(tmp_path: Path) -> None:
    async with bridged(tmp_path, modems=3) as place:
        for modem in ("modem2", "modem1", "modem0"):
            place.sim.send(from_=ANNA, to=modem, text=f"to {modem}")
            await place.rig.until(lambda modem=modem: f"to {modem}" in place.sink.texts())
        mails = dict(zip(place.sink.texts(), place.sink.mails, strict=True))
        own = {name: modem.status.number for name, modem in place.rig.gateway.modems.items()}
        assert len(set(own.values())) == 3

        async def sender(to: str, answer: EmailMessage) -> str | None:
            await place.post(to, answer)
            text = answer.get_content().strip()
            number = to.partition("@")[0]
            await place.rig.until(lambda: text in place.got(number))
            return {each.text: each.sender for each in place.sim.phone(number).received}[text]

        home, both = f"{ANNA}@sms.example", ("In-Reply-To", "References")
        assert await sender(home, answering(mails["to modem2"], "one", *both)) == own["modem2"]
        assert await sender(home, answering(mails["to modem1"], "two", "In-Reply-To")) == own["modem1"]
        assert await sender(home, answering(mails["to modem2"], "three", "References")) == own["modem2"]
        # Without the headers, and about a mail that does not exist: the SIM that was texted last.
        assert await sender(home, answering(mails["to modem2"], "four")) == own["modem0"]
        foreign = {"Message-ID": "<sms.1m8gax8011twk.7@gate.example>", "References": "", "Subject": "x"}
        assert await sender(home, answering(foreign, "five", *both)) == own["modem0"]
        # The text of somebody else says nothing about the SIM of a third person.
        place.sim.send(from_=BEN, to="modem1", text="from Ben")
        await place.rig.until(lambda: "from Ben" in place.sink.texts())
        assert await sender(f"{BEN}@sms.example", answering(mails["to modem2"], "six", *both)) == own["modem1"]


async def test_all_mails_of_a_peer_are_one_thread(tmp_path: Path) -> None:
    async with bridged(tmp_path) as place:
        for sender, text in ((ANNA, "one"), (BEN, "two"), (ANNA, "three")):
            place.sim.send(from_=sender, to="modem0", text=text)
        await place.rig.until(lambda: len(place.sink.mails) == 3)
        by_text = dict(zip(place.sink.texts(), place.sink.mails, strict=True))
        assert by_text["one"]["References"] == by_text["three"]["References"] == by_text["one"]["In-Reply-To"]
        assert by_text["one"]["References"] != by_text["two"]["References"]
        assert len({mail["Message-ID"] for mail in place.sink.mails}) == 3


async def test_a_mail_that_comes_again_is_sent_once(tmp_path: Path) -> None:
    async with bridged(tmp_path) as place:
        mail = "Subject: Alarm\nMessage-ID: <same@nas>\n\nDoor open\n"
        first = await place.post(f"{ANNA}@sms", mail)
        again = await place.post([f"{ANNA}@sms", f"{BEN}@sms"], mail)
        assert first.split()[-1] in again
        with pytest.raises(smtplib.SMTPDataError, match="used before"):
            await place.post(f"{ANNA}@sms", mail.replace("open", "closed"))
        await place.post(f"{ANNA}@sms", "Subject: Alarm\nMessage-ID: <other@nas>\n\nDoor open\n")
        await place.rig.until(lambda: len(place.got()) == 2 and len(place.got(BEN)) == 1)
        async with asyncio.timeout(60):  # a phone has a text before its modem has answered
            while sum((await place.rig.client.stats())["messages"].values()):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert place.got() == ["Alarm\nDoor open"] * 2


async def test_names_and_groups_are_recipients(tmp_path: Path) -> None:
    async with bridged(tmp_path) as place:
        for number, name in ((ANNA, "Anna Müller"), (BEN, "Ben")):
            body = {"name": name, "groups": ["Family"]}
            assert (await place.rig.http.put(f"/v1/contacts/{number}", json=body)).status_code == 201
        await place.post('"Anna Müller"@sms', "Message-ID: <1@x>\n\none")
        await place.post("anna.müller@sms", "Message-ID: <2@x>\n\ntwo")
        await place.post(["Family@sms", "0151 87654321@sms".replace(" ", "")], "Message-ID: <3@x>\n\nthree")
        await place.rig.until(lambda: sorted(place.got()) == ["one", "three", "two"] and place.got(BEN) == ["three"])


@pytest.mark.parametrize(
    ("to", "code", "reason"),
    [
        ("Nobody@sms", 550, "not a number and not the name"),
        ("12@sms", 550, "area code"),
        ("112@sms", 550, "emergency"),
        (f"{BEN}@sms", 550, "opted out"),
        ('""@sms', 550, "before the @"),
        ("a@b@c@", 553, "malformed"),
    ],
)
async def test_a_bad_recipient_is_refused_with_its_reason(tmp_path: Path, to: str, code: int, reason: str) -> None:
    async with bridged(tmp_path, to=[]) as place:
        assert (await place.rig.http.post("/v1/optouts", json={"number": BEN})).status_code < 300
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            await place.post(to, "Subject: x\n\ny")
        ((found, words),) = caught.value.recipients.values()
        assert found == code
        assert reason in words.decode()


async def test_a_group_is_texted_without_those_who_opted_out(tmp_path: Path) -> None:
    async with bridged(tmp_path, to=[]) as place:
        for number in (ANNA, BEN):
            assert (await place.rig.http.put(f"/v1/contacts/{number}", json={"groups": ["Family"]})).status_code == 201
        assert (await place.rig.http.post("/v1/optouts", json={"number": BEN})).status_code < 300
        assert "not sent to 1 of 2" in await place.post("Family@sms", "Subject: x\n\ny")
        await place.rig.until(lambda: len(place.got()) == 1)


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        ("Auto-Submitted: auto-replied\n\nI am away", "automatic"),
        ("Precedence: bulk\n\nBuy", "automatic"),
        ("List-Id: <a.b>\n\nHello all", "mailing lists"),
        ("X-Gsmgw: m1\n\nHello", "loop"),
        ("Received: from a\n" * 31 + "\nHello", "loop"),
        ("Content-Type: multipart/report; boundary=x\n\n--x\n\nfailed\n--x--", "delivery reports"),
        ("MIME-Version: 1.0\n\n", "no text"),
        ("Subject: Re: x\nIn-Reply-To: <a@b>\n\n> only\n> quoted", "no text of its own"),
    ],
)
async def test_what_is_not_meant_as_a_text_is_refused(tmp_path: Path, mail: str, reason: str) -> None:
    async with bridged(tmp_path, to=[]) as place:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            await place.post(f"{ANNA}@sms", mail)
        assert caught.value.smtp_code == 554
        assert reason in str(caught.value.smtp_error)
        with pytest.raises(smtplib.SMTPSenderRefused):  # a bounce
            await asyncio.to_thread(_bounce, place)


def _bounce(place: Place) -> None:
    with smtplib.SMTP("127.0.0.1", place.port, timeout=60) as client:
        client.login("nas", place.secret)
        client.sendmail("", [f"{ANNA}@sms"], "Subject: Undelivered\n\nSorry")


async def test_only_tokens_that_may_send_sign_in(tmp_path: Path) -> None:
    async with bridged(tmp_path, to=[], modems=2) as place:
        reader = await token(place.rig, "reader", scopes=["read"])
        for secret in ("wrong", reader):
            with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
                await place.post(f"{ANNA}@sms", "Subject: x\n\ny", secret=secret)
            assert caught.value.smtp_code == 535
        tight = await token(place.rig, "tight", per_minute=1, modems=["modem1"])
        await place.post(f"{ANNA}@sms", "Subject: x\nMessage-ID: <1@a>\n\ny", secret=tight)
        with pytest.raises(smtplib.SMTPDataError) as late:
            await place.post(f"{ANNA}@sms", "Subject: x\nMessage-ID: <2@a>\n\ny", secret=tight)
        assert late.value.smtp_code == 451
        assert (await place.rig.http.put(f"/v1/contacts/{ANNA}", json={"name": "Anna"})).status_code == 201
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="may not use names"):
            await place.post("Anna@sms", "Subject: x\n\ny", secret=tight)
        await place.rig.until(lambda: len(place.got()) == 1)


async def test_a_token_that_is_revoked_sends_no_further_mail(tmp_path: Path) -> None:
    async with bridged(tmp_path, to=[]) as place:
        client = await asyncio.to_thread(smtplib.SMTP, "127.0.0.1", place.port, timeout=60)
        try:
            await asyncio.to_thread(client.login, "nas", place.secret)
            await place.rig.client.request("DELETE", "/v1/tokens/nas")
            assert (await asyncio.to_thread(client.mail, "nas@home.example"))[0] == 535
            assert (await asyncio.to_thread(client.rcpt, f"{ANNA}@sms"))[0] == 503
        finally:
            client.close()


async def test_nobody_sends_without_signing_in(tmp_path: Path) -> None:
    async with bridged(tmp_path, to=[]) as place:
        client = await asyncio.to_thread(smtplib.SMTP, "127.0.0.1", place.port, timeout=60)
        try:
            await asyncio.to_thread(client.ehlo)
            assert (await asyncio.to_thread(client.mail, "nas@home.example"))[0] == 530
        finally:
            client.close()


async def test_starttls_and_tls_from_the_first_byte(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=pem)
    trusting.check_hostname = False
    options = {"tls_cert": pem, "tls_key": pem, "to": []}
    port = free_port()
    async with bridged(tmp_path / "a", listen=f"0.0.0.0:{port}", **options) as place:
        place.port = port
        await place.post(f"{ANNA}@sms", "Message-ID: <1@x>\n\nover TLS", starttls=trusting)
        with pytest.raises((smtplib.SMTPNotSupportedError, smtplib.SMTPAuthenticationError)):  # not in clear text
            await place.post(f"{ANNA}@sms", "Message-ID: <2@x>\n\nclear")
        await place.rig.until(lambda: place.got() == ["over TLS"])
    async with bridged(tmp_path / "b", listen_tls="implicit", **options) as place:

        def send() -> None:
            with smtplib.SMTP_SSL("127.0.0.1", place.port, timeout=60, context=trusting) as client:
                client.login("nas", place.secret)
                client.sendmail("nas@x", [f"{ANNA}@sms"], b"Subject: x\n\nimplicit")

        await asyncio.to_thread(send)
        await place.rig.until(lambda: place.got() == ["x\nimplicit"])


async def test_what_is_too_large_or_nonsense_costs_only_its_connection(tmp_path: Path) -> None:
    async with bridged(tmp_path, to=[]) as place:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            await place.post(f"{ANNA}@sms", "Subject: x\n\n" + "0123456789abcde\n" * 70_000)
        assert caught.value.smtp_code == 552
        for portion in (
            b"\x00" * 3000,
            b"A" * 300_000 + b"\r\n",
            b"\xff\xfe\r\n" * 50,
            b"AUTH PLAIN =\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
            await reader.readline()
            writer.write(b"EHLO x\r\n" + portion)
            writer.write_eof()
            async with asyncio.timeout(60):
                await reader.read()
            writer.close()
        nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(2000))
        for mail in (nested, "Content-Type: text/plain; charset=\x01nonsense\n\nGr\xfc\xdfe"):
            with suppress(smtplib.SMTPDataError):
                await place.post(f"{ANNA}@sms", mail.encode("latin-1"))
        await place.rig.until(lambda: place.got() == ["Grüße"])
        assert not any(place.rig.gateway.supervisor.failures.values())


async def test_a_database_that_fails_is_4xx_and_the_mail_can_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bridged(tmp_path, to=[]) as place:
        mail = "Subject: x\nMessage-ID: <1@x>\n\ny"
        with monkeypatch.context() as patch:

            async def full(*_: object, **__: object) -> None:
                raise StoreUnavailable("disk full")

            patch.setattr(place.rig.gateway.service, "submit_batch", full)
            with pytest.raises(smtplib.SMTPDataError) as caught:
                await place.post(f"{ANNA}@sms", mail)
            assert caught.value.smtp_code == 451
        await place.post(f"{ANNA}@sms", mail)
        await place.rig.until(lambda: place.got() == ["x\ny"])


async def test_who_hangs_up_meanwhile_does_not_stop_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bridged(tmp_path, to=[]) as place:
        begun, gone = asyncio.Event(), asyncio.Event()
        accept = place.rig.gateway.service.submit_batch

        async def slow(*args: Any, **options: Any) -> Any:
            begun.set()
            await gone.wait()
            return await accept(*args, **options)

        monkeypatch.setattr(place.rig.gateway.service, "submit_batch", slow)
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        login = base64.b64encode(f"\0nas\0{place.secret}".encode()).decode()
        for line in (
            "EHLO x", f"AUTH PLAIN {login}", "MAIL FROM:<a@b>", f"RCPT TO:<{ANNA}@sms>", "DATA",
            "Subject: x\r\n\r\ny\r\n.",
        ):  # fmt: skip
            writer.write(f"{line}\r\n".encode())
        await begun.wait()
        writer.transport.abort()
        await place.rig.until(lambda: not bridge(place.rig).listener.sessions)
        gone.set()
        await place.rig.until(lambda: place.got() == ["x\ny"])
        assert b"accepted" not in await reader.read()


async def test_too_many_connections_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.bridges.email.session.MAX_PER_ADDRESS", 2)
    async with bridged(tmp_path, to=[]) as place:
        held = [await asyncio.open_connection("127.0.0.1", place.port) for _ in range(2)]
        for reader, _ in held:
            assert (await reader.readline()).startswith(b"220")
        with pytest.raises(smtplib.SMTPConnectError) as caught:
            await place.post(f"{ANNA}@sms", "Subject: x\n\ny")
        assert caught.value.smtp_code == 421
        for _, writer in held:
            writer.close()
        await place.rig.until(lambda: not bridge(place.rig).listener.sessions)
        await place.post(f"{ANNA}@sms", "Subject: x\n\ny")


async def test_guessing_passwords_is_slowed_down(tmp_path: Path) -> None:
    async with bridged(tmp_path, to=[]) as place:
        codes = []
        for _ in range(12):
            with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
                await place.post(f"{ANNA}@sms", "Subject: x\n\ny", secret="wrong")
            codes.append(caught.value.smtp_code)
        assert codes[0] == 535
        assert codes[-1] == 454
        await place.post(f"{ANNA}@sms", "Subject: x\n\ny")  # the right one is not affected


async def test_an_address_in_use_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.bridges.email.listener.PAUSE_S", 0.05)
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    sections = {"mail": {"listen": f"127.0.0.1:{port}"}}
    async with simulated(tmp_path, modems=1, sections=sections) as (_, rig):
        await rig.until(lambda: "cannot listen" in (bridge(rig).trouble or ""))
        findings = await asyncio.to_thread(_findings, tmp_path / "gsmgw.sock")
        assert "address already in use" in findings["bridge mail"]
        taken.close()
        await rig.until(lambda: bridge(rig).trouble is None)
        assert (await asyncio.to_thread(_findings, tmp_path / "gsmgw.sock"))["bridge mail"] == "works"


def _findings(socket: Path) -> dict[str, str]:
    with Client(socket) as client:
        return {each.subject: each.says for each in _check_bridges(client, None)}


async def test_failures_come_as_mails(tmp_path: Path) -> None:
    async with bridged(tmp_path) as place:
        place.sim.phone(BEN).status = 0x41  # incompatible destination (TS 23.040 9.2.3.15)
        place.sim.network.set_rules(refused={ANNA: 1})  # unassigned number (TS 24.011 E.2)
        await place.post(f"{ANNA}@sms", "Subject: x\n\nto nobody")
        await place.post(f"{BEN}@sms", "Subject: x\n\nnot delivered")
        await place.rig.until(lambda: len(place.sink.mails) == 2)
        texts = {mail["Reply-To"]: text for mail, text in zip(place.sink.mails, place.sink.texts(), strict=True)}
        assert "was not sent" in texts[f"{ANNA}@sms.example"]
        assert "was not delivered" in texts[f"{BEN}@sms.example"]
        assert texts[f"{BEN}@sms.example"].endswith("x\nnot delivered")


async def test_mails_wait_for_the_mail_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.bridges.email.outbox.pause_after", lambda *_: 0.1)
    async with bridged(tmp_path) as place:
        place.sink.stop()
        for number in range(3):
            place.sim.send(from_=ANNA, to="modem0", text=f"text {number}")
        await place.rig.until(lambda: "does not take mails" in (bridge(place.rig).trouble or ""))
        (state,) = [each for each in (await place.rig.client.integrations())["bridges"] if each["name"] == "mail"]
        assert state["enabled"]
        assert state["behind"] > 0
        place.sink.refuse = "451 later"
        place.sink.start()
        await place.rig.until(lambda: "451 later" in (bridge(place.rig).trouble or ""))
        place.sink.refuse = ""
        await place.rig.until(lambda: place.sink.texts() == ["text 0", "text 1", "text 2"])
        await place.rig.until(lambda: bridge(place.rig).trouble is None)


async def test_a_mail_that_the_server_never_takes_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.bridges.email.outbox.pause_after", lambda *_: 0.01)
    async with bridged(tmp_path) as place:
        place.sink.refuse = "554 looks like spam"
        place.sink.refuse_only = "WIN A PRIZE"
        for text in ("before", "WIN A PRIZE", "after"):
            place.sim.send(from_=ANNA, to="modem0", text=text)
        await place.rig.until(lambda: place.sink.texts() == ["before", "after"])
        assert bridge(place.rig).dropped == 1


async def test_sending_with_a_password_over_tls(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    secret = tmp_path / "password"
    secret.write_text("geheim\n")
    with sink(login=("sms", "geheim"), tls=context) as found:
        options = {
            "port": found.port, "server": "127.0.0.1", "tls": "starttls", "ca_file": pem,
            "username": "sms", "password_file": secret,
        }  # fmt: skip
        async with bridged(tmp_path, **options) as place:
            place.sim.send(from_=ANNA, to="modem0", text="sealed")
            await place.rig.until(lambda: bool(found.mails) or bridge(place.rig).trouble is not None)
            assert bridge(place.rig).trouble is None
            assert found.texts() == ["sealed"]


async def test_swaks_sends(tmp_path: Path) -> None:
    swaks = require_swaks()
    async with bridged(tmp_path, to=[]) as place:
        ran = await asyncio.create_subprocess_exec(
            swaks, "--server", "127.0.0.1", "--port", str(place.port),
            "--to", f"00{ANNA[1:]}@sms", "--from", "nas@home.example",
            "--auth", "LOGIN", "--auth-user", "nas", "--auth-password", place.secret,
            "--header", "Subject: UPS", "--body", "On battery: 12 minutes", "--attach", "@" + str(Path(__file__)),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await ran.communicate()
        assert ran.returncode == 0, output.decode()
        await place.rig.until(lambda: len(place.got()) == 1)
        assert place.got() == ["UPS\nOn battery: 12 minutes\n[test_mail.py]"]


async def test_off_without_its_section(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (_, rig):
        (state,) = [each for each in (await rig.client.integrations())["bridges"] if each["name"] == "mail"]
        assert (state["enabled"], state["trouble"], state["behind"]) == (False, None, None)
        assert "mail" not in rig.gateway.bridges.standing


async def test_no_session_makes_the_listener_fail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Commands in any order, with bytes in any place: each is answered, and the next client is served."""
    chance = random.Random(7)
    async with bridged(tmp_path, to=[]) as place:
        login = base64.b64encode(f"\0nas\0{place.secret}".encode())
        lines = [
            b"EHLO x", b"HELO", b"AUTH PLAIN " + login, b"AUTH LOGIN", b"AUTH LOGIN =", b"AUTH PLAIN AAAA", b"*", b"",
            b"MAIL FROM:<a@b>", b"MAIL FROM:<\xff@b> SMTPUTF8", b"MAIL FROM:<(@b>", b"MAIL FROM:<a@b> SIZE=99999999",
            b"RCPT TO:<Nobody@sms>", b"RCPT TO:<\xc3@sms>", b'RCPT TO:<"\\"@sms>', b"RCPT TO:<@>", b"RCPT TO:", b"DATA",
            b".", b"Subject: \xff", b"RSET", b"VRFY x", b"HELP", b"STARTTLS", b"BDAT 10 LAST", b"NOOP \x00", b"..",
        ]  # fmt: skip
        for _ in range(60):
            reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
            for line in chance.choices(lines, k=25):
                writer.write(line + b"\r\n")
            writer.write(b"\r\n.\r\nQUIT\r\n")
            async with asyncio.timeout(60):
                with suppress(ConnectionError):
                    answers = await reader.read()
            assert answers.startswith(b"220")
            writer.close()
        await place.post(f"{BEN}@sms", "Subject: x\n\nstill here")
        await place.rig.until(lambda: place.got(BEN) == ["x\nstill here"])
    assert not [each for each in caplog.records if each.levelname == "ERROR"]
