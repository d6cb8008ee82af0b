"""The SMPP server: binds, submissions, receipts and received messages, and clients that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.rig import Rig, simulated
from support.smpp import Smpplib, account, bound, peer, serving

from gsmgw.bridges.smpp.pdus import RESPONSE, Address, Command, CommandStatus, Failure, Pdu, Tag, build
from gsmgw.bridges.smpp.server import FAREWELL_S
from gsmgw.client import ApiError, Client
from gsmgw.doctor.examination import _check_bridges
from gsmgw.doctor.findings import Finding, Level
from gsmgw.logs import mask_numbers
from gsmgw.model import format_id

CERTIFICATE = Path(__file__).parent.parent / "support/tls/receiver.pem"
ANNA, BEN = "+4915112345678", "+4915187654321"
RECEIPT = re.compile(
    r"id:(\d+) sub:001 dlvrd:(\d{3}) submit date:\d{10} done date:\d{10} stat:([A-Z]{7}) err:(\d{3}) text:(.*)"
)


async def test_a_text_there_and_back(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, sim, port):
        password = await account(rig)
        async with bound(port, password) as client:
            answer = await client.submit(ANNA, b"Hello", source_addr=b"4711", registered_delivery=1)
            assert answer.status == 0
            message_id = answer.text("message_id")
            assert re.fullmatch("[1-9][0-9]*", message_id)
            receipt = await client.delivered()
            assert receipt.number("esm_class") == 0x04
            found = RECEIPT.fullmatch(receipt.text("short_message"))
            assert found is not None
            assert found.groups() == (message_id, "001", "DELIVRD", "000", "Hello")
            assert receipt.tlvs[Tag.RECEIPTED_MESSAGE_ID] == message_id.encode() + b"\0"
            assert receipt.tlvs[Tag.MESSAGE_STATE] == b"\x02"
            assert (receipt.text("source_addr"), receipt.text("destination_addr")) == (ANNA[1:], "4711")
            state = await client.ask(Command.QUERY_SM, message_id=message_id.encode())
            assert (state.text("message_id"), state.number("message_state")) == (message_id, 2)
            assert [each.text for each in sim.phone(ANNA).received] == ["Hello"]
            sim.send(from_=ANNA, to="modem0", text="Danke [€]")
            received = await client.delivered()
            assert (received.number("esm_class"), received.number("data_coding")) == (0, 0)
            assert received.raw("short_message") == b"Danke \x1b\x3c\x1b\x65\x1b\x3e"
            own = rig.gateway.modems["modem0"].status.number
            assert own is not None
            assert (received.text("source_addr"), received.text("destination_addr")) == (ANNA[1:], own[1:])
            assert (await client.ask(Command.UNBIND)).status == 0
            assert await client.read() is None
        message = await rig.client.message(format_id(int(message_id)))
        assert message["status"] == "delivered"


async def test_smpplib_sends_and_receives(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, sim, port):
        password = await account(rig)
        client = await asyncio.to_thread(Smpplib, port, "shop", password)
        try:
            number = client.send(ANNA, short_message=b"from smpplib", registered_delivery=True)
            await rig.until(lambda: number in client.sent and len(client.delivered) == 1)
            assert client.delivered[0].receipted_message_id.rstrip(b"\0").decode() == client.sent[number]
            assert client.delivered[0].message_state == 2
            sim.send(from_=ANNA, to="modem0", text="back")
            await rig.until(lambda: len(client.delivered) == 2)
            assert client.delivered[1].short_message == b"back"
        finally:
            await asyncio.to_thread(client.close)


async def test_a_bind_needs_the_account_and_its_password(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=0) as (rig, _, port):
        password = await account(rig)
        for name, given in (("shop", "wrong"), ("nobody", password)):
            async with peer(port) as client:
                answer = await client.ask(Command.BIND_TRANSMITTER, system_id=name.encode(), password=given.encode())
                assert answer.status == CommandStatus.INVALID_PASSWORD
                assert await client.read() is None
        async with peer(port) as client:
            answer = await client.submit(ANNA, b"too early")
            assert (answer.command, answer.status) == (Command.SUBMIT_SM | RESPONSE, CommandStatus.INVALID_BIND_STATUS)


async def test_long_texts_and_all_alphabets(tmp_path: Path) -> None:
    long = "Eine lange Nachricht, " * 20
    async with serving(tmp_path) as (rig, sim, port):
        password = await account(rig)
        async with bound(port, password, command=Command.BIND_TRANSMITTER) as client:
            for raw, coding, tlvs in (
                (b"flash", 0xF0, None),
                ("Привет 😀".encode("utf-16-be"), 8, None),
                ("Grüße".encode("latin-1"), 3, None),
                (b"", 0, {Tag.MESSAGE_PAYLOAD: long.encode()}),
            ):
                answer = await client.submit(ANNA, raw, tlvs, data_coding=coding)
                assert answer.status == 0
            answer = await client.ask(
                Command.DATA_SM,
                {Tag.MESSAGE_PAYLOAD: b"by data"},
                dest_addr_ton=1,
                destination_addr=ANNA[1:].encode(),
            )
            assert (answer.command, answer.status) == (Command.DATA_SM | RESPONSE, 0)
            phone = sim.phone(ANNA)
            await rig.until(lambda: len(phone.received) == 5)
            assert [each.text for each in phone.received] == ["flash", "Привет 😀", "Grüße", long, "by data"]
            assert phone.received[0].message_class == 0
            message = await rig.client.message(format_id(int(answer.text("message_id"))))
            assert message["encoding"] == "gsm7"


async def test_parts_are_joined_and_each_has_its_receipt(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, sim, port):
        password = await account(rig)
        async with bound(port, password) as client:
            ids = []
            for number, piece in ((2, b" two"), (1, b"one")):  # in any order, each answered before the next
                header = bytes((5, 0, 3, 0x77, 2, number))
                answer = await client.submit(ANNA, header + piece, esm_class=0x40, registered_delivery=1)
                assert answer.status == 0
                ids.append(answer.text("message_id"))
                if number == 2:
                    state = await client.ask(Command.QUERY_SM, message_id=ids[0].encode())
                    assert (state.status, state.number("message_state")) == (0, 1)
            receipts = [RECEIPT.fullmatch((await client.delivered()).text("short_message")) for _ in ids]
            assert sorted(each[1] for each in receipts if each) == sorted(ids)
            assert [each.text for each in sim.phone(ANNA).received] == ["one two"]
            text = "Ελλάδα ".encode("utf-16-be") * 12
            for number, piece in ((1, text[:71]), (2, text[71:])):  # cut inside of a character
                tlvs = {
                    Tag.SAR_REFERENCE: b"\0\x05",
                    Tag.SAR_TOTAL: b"\x02",
                    Tag.SAR_SEQUENCE: bytes((number,)),
                }
                assert (await client.submit(ANNA, piece, tlvs, data_coding=8)).status == 0
            await rig.until(lambda: len(sim.phone(ANNA).received) == 2)
            assert sim.phone(ANNA).received[1].text == "Ελλάδα " * 12


async def test_a_part_whose_others_never_come_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.bridges.smpp.account.PARTS_KEPT_MS", 50)
    monkeypatch.setattr("gsmgw.bridges.smpp.account.LOOK_MS", 100)
    async with serving(tmp_path, modems=0) as (rig, _, port):
        password = await account(rig)
        async with bound(port, password) as client:
            answer = await client.submit(ANNA, b"\x05\x00\x03\x01\x02\x01half", esm_class=0x40, registered_delivery=1)
            told = RECEIPT.fullmatch((await client.delivered()).text("short_message"))
            assert told is not None
            assert told.groups() == (answer.text("message_id"), "000", "EXPIRED", "255", "")
            state = await client.ask(Command.QUERY_SM, message_id=answer.raw("message_id"))
            while state.status == 0:  # until the response to the receipt is on disk
                state = await client.ask(Command.QUERY_SM, message_id=answer.raw("message_id"))
            assert state.status == CommandStatus.INVALID_MESSAGE_ID


async def test_data_with_and_without_a_port(tmp_path: Path) -> None:
    data = bytes(range(256))
    async with serving(tmp_path) as (rig, sim, port):
        password = await account(rig)
        async with bound(port, password) as client:
            header = bytes.fromhex("06 05 04 0B84 0000")
            await client.submit(ANNA, header + data[:100], data_coding=4, esm_class=0x40)
            await client.submit(ANNA, data[:140], data_coding=4)
            await client.submit(ANNA, b"", {Tag.MESSAGE_PAYLOAD: data}, data_coding=4)
            phone = sim.phone(ANNA)
            await rig.until(lambda: len(phone.received) == 3)
            assert [(each.data, each.ports and each.ports[0]) for each in phone.received] == [
                (data[:100], 0x0B84), (data[:140], None), (data, None),
            ]  # fmt: skip


async def test_several_recipients_have_one_id(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, _, port):
        password = await account(rig)
        async with bound(port, password) as client:
            wanted = tuple(Address(1, 1, number) for number in (ANNA[1:], "49", BEN[1:]))
            answer = await client.ask(
                Command.SUBMIT_MULTI, dest_address=wanted, short_message=b"to all", registered_delivery=1
            )
            assert answer.status == 0
            assert answer.fields["unsuccess_sme"] == (Failure(Address(1, 1, "49"), CommandStatus.INVALID_DESTINATION),)
            receipts = [await client.delivered() for _ in range(2)]
            assert {each.text("source_addr") for each in receipts} == {ANNA[1:], BEN[1:]}
            told = [RECEIPT.fullmatch(each.text("short_message")) for each in receipts]
            assert {each[1] for each in told if each} == {answer.text("message_id")}
            answer = await client.ask(Command.SUBMIT_MULTI, dest_address=("everybody",), short_message=b"x")
            assert answer.status == CommandStatus.INVALID_LIST_NAME


async def test_receipts_of_several_recipients_have_their_numbers_as_the_client_wrote_them(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, _, port), bound(port, await account(rig)) as client:
        written = (Address(2, 1, "015112345678"), Address(1, 1, BEN[1:]), Address(0, 1, "12"))
        answer = await client.ask(
            Command.SUBMIT_MULTI, dest_address=written, short_message=b"Hello all", registered_delivery=1
        )
        assert answer.fields["unsuccess_sme"] == (Failure(written[2], CommandStatus.INVALID_DESTINATION),)
        receipts = [await client.delivered() for _ in range(2)]
        assert {each.address("source") for each in receipts} == set(written[:2])


async def test_a_message_is_queried_canceled_and_not_replaced(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=0) as (rig, _, port):
        password, other = await account(rig), await account(rig, "other")
        async with bound(port, password) as client, bound(port, other, "other") as stranger:
            answer = await client.submit(
                ANNA, b"later", schedule_delivery_time=b"000001000000000R", registered_delivery=1
            )
            message_id = answer.raw("message_id")
            message = await rig.client.message(format_id(int(message_id)))
            assert message["status"] == "scheduled"
            assert (await client.ask(Command.QUERY_SM, message_id=message_id)).number("message_state") == 1
            for command in (Command.QUERY_SM, Command.CANCEL_SM):
                assert (await stranger.ask(command, message_id=message_id)).status == CommandStatus.INVALID_MESSAGE_ID
            replaced = await client.ask(Command.REPLACE_SM, message_id=message_id, short_message=b"other")
            assert replaced.status == CommandStatus.REPLACE_FAILED
            assert (await client.ask(Command.CANCEL_SM, message_id=message_id)).status == 0
            told = RECEIPT.fullmatch((await client.delivered()).text("short_message"))
            assert told is not None
            assert told.groups()[1:] == ("000", "DELETED", "255", "later")
            again = await client.ask(Command.CANCEL_SM, message_id=message_id)
            assert again.status == CommandStatus.CANCEL_FAILED
            assert (await client.ask(Command.CANCEL_SM)).status == CommandStatus.CANCEL_FAILED
            for wrong in (b"0", b"x", b"9" * 30):
                assert (await client.ask(Command.QUERY_SM, message_id=wrong)).status == CommandStatus.INVALID_MESSAGE_ID


async def test_the_rights_of_the_token_apply(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=2) as (rig, sim, port):
        limited = await account(rig, "limited", per_minute=1)
        sender = await account(rig, "sender", scopes=["send"])
        reader = await account(rig, "reader", scopes=["read"])
        one = await account(rig, "one", modems=["modem1"])
        async with bound(port, limited, "limited") as client:
            assert (await client.submit(ANNA, b"first")).status == 0
            assert (await client.submit(ANNA, b"second")).status == CommandStatus.THROTTLED
        async with bound(port, reader, "reader") as client:
            assert (await client.submit(ANNA, b"x")).status == CommandStatus.SUBMIT_FAILED
        async with bound(port, one, "one") as client, bound(port, sender, "sender") as blind:
            assert (await client.submit(ANNA, b"x", source_addr=b"modem0")).status == CommandStatus.INVALID_SOURCE
            answer = await client.submit(ANNA, b"through its own", source_addr=b"Shop")
            message = await rig.ended(format_id(int(answer.text("message_id"))))
            assert message["modem"] == "modem1"
            sim.send(from_=BEN, to="modem0", text="not for it")
            sim.send(from_=BEN, to="modem1", text="for it")
            assert (await client.delivered()).raw("short_message") == b"for it"
            answer = await blind.submit(BEN, b"only receipts", registered_delivery=1)
            told = RECEIPT.fullmatch((await blind.delivered()).text("short_message"))
            assert told is not None
            assert told[1] == answer.text("message_id")


async def test_refusals_have_a_status_each(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=0) as (rig, _, port):
        password = await account(rig)
        assert (await rig.http.post("/v1/optouts", json={"number": BEN})).status_code == 201
        async with bound(port, password) as client:
            for to, fields, status in (
                ("+4912", {}, CommandStatus.INVALID_DESTINATION),
                (BEN, {}, CommandStatus.SUBMIT_FAILED),
                (ANNA, {"validity_period": b"soon"}, CommandStatus.INVALID_EXPIRY),
                (ANNA, {"validity_period": b"200101000000000+"}, CommandStatus.INVALID_EXPIRY),
                (ANNA, {"schedule_delivery_time": b"x"}, CommandStatus.INVALID_SCHEDULE),
                (ANNA, {"priority_flag": 9}, CommandStatus.INVALID_PRIORITY),
                (ANNA, {"protocol_id": 0x40}, CommandStatus.SUBMIT_FAILED),
                (ANNA, {"replace_if_present_flag": 1}, CommandStatus.INVALID_REPLACE_FLAG),
                (ANNA, {"sm_default_msg_id": 1}, CommandStatus.INVALID_PREDEFINED),
            ):
                answer = await client.submit(to, b"x", **fields)
                assert (answer.status, answer.text("message_id")) == (status, ""), (to, fields)
            answer = await client.submit(ANNA, b"x", validity_period=b"000000020000000R", priority_flag=3)
            message = await rig.client.message(format_id(int(answer.text("message_id"))))
            assert message["priority"] == "urgent"
            answer = await client.submit(ANNA, b"x" * 254, {Tag.MESSAGE_PAYLOAD: b"y"})
            assert answer.status == CommandStatus.INVALID_MESSAGE_LENGTH


async def test_receipts_and_texts_wait_for_a_session(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, sim, port):
        password = await account(rig)
        async with bound(port, password, command=Command.BIND_TRANSMITTER) as client:
            answer = await client.submit(ANNA, b"unseen", registered_delivery=1)
        message = await rig.ended(format_id(int(answer.text("message_id"))))
        assert message["status"] == "delivered"
        cursor = rig.gateway.feed.last_id
        sim.send(from_=ANNA, to="modem0", text="are you there?")
        await rig.event(cursor, "message.received")
        server = rig.gateway.bridges.standing["smpp"]
        assert server is not None
        assert server.behind > 0
        async with bound(port, password, command=Command.BIND_RECEIVER) as client:
            # The session is lost before the response: both come again.
            first = await client.read()
            assert first is not None
        async with bound(port, password, command=Command.BIND_RECEIVER) as client:
            told = RECEIPT.fullmatch((await client.delivered()).text("short_message"))
            assert told is not None
            assert told[1] == answer.text("message_id")
            assert (await client.delivered()).raw("short_message") == b"are you there?"
            await rig.until(lambda: server.behind == 0)
            assert (await client.submit(ANNA, b"x")).status == CommandStatus.INVALID_BIND_STATUS


async def test_a_client_that_asks_for_later_gets_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.bridges.smpp.account.AGAIN_S", 0.01)
    async with serving(tmp_path) as (rig, sim, port):
        password = await account(rig)
        async with bound(port, password) as client:
            sim.send(from_=ANNA, to="modem0", text="zero")
            await client.delivered()
            sim.send(from_=ANNA, to="modem0", text="one")
            for status in (CommandStatus.QUEUE_FULL, CommandStatus.TEMPORARY_ERROR):
                request = await client.read()
                assert request is not None
                client.writer.write(build(request.response(status)))
            assert (await client.delivered()).raw("short_message") == b"one"
            sim.send(from_=ANNA, to="modem0", text="two")
            request = await client.read()
            assert request is not None
            client.writer.write(build(request.response(CommandStatus.SYSTEM_ERROR)))  # dropped: it would stop the rest
            sim.send(from_=ANNA, to="modem0", text="three")
            assert (await client.delivered()).raw("short_message") == b"three"


async def test_what_waited_longer_than_keep_days_is_given_up_and_counted(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, sim, port):
        password = await account(rig)
        events = []
        for text in ("old", "new"):
            cursor = rig.gateway.feed.last_id
            sim.send(from_=ANNA, to="modem0", text=text)
            events.append((await rig.event(cursor, "message.received"))["id"])
        async with bound(port, password, command=Command.BIND_TRANSMITTER) as client:
            half = b"\x05\x00\x03\x01\x02\x01half"
            part = await client.submit(ANNA, half, esm_class=0x40, registered_delivery=1)
            assert part.status == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "state/gsmgw.db")) as db, db:
        db.execute("UPDATE events SET at_ms = at_ms - 31 * 86400000 WHERE id <= ?", events[:1])
        db.execute("UPDATE smpp_parts SET created_ms = created_ms - 31 * 86400000")
    async with serving(tmp_path) as (rig, sim, port):
        server = rig.gateway.bridges.standing["smpp"]
        await rig.until(lambda: server.dropped == 2)  # nobody has bound yet
        query = "SELECT event_id FROM cursors WHERE name = 'smpp 1'"
        held = await rig.gateway.store.read(lambda db: db.execute(query).fetchone()[0])
        assert events[0] <= held < events[1]  # retention may delete the old one
        (found,) = [each for each in await asyncio.to_thread(bridge_findings, tmp_path) if "smpp" in each.subject]
        assert found.level is Level.WARNING
        assert "gave up 2 events" in found.says
        assert 'gsmgw_bridge_dropped_total{bridge="smpp"} 2.0' in (await rig.http.get("/metrics")).text
        async with bound(port, password) as client:
            assert (await client.delivered()).raw("short_message") == b"new"
            gone = await client.ask(Command.QUERY_SM, message_id=part.raw("message_id"))
            assert gone.status == CommandStatus.INVALID_MESSAGE_ID
        await rig.client.revoke_token("shop")
        await rig.until(lambda: server.behind == 0)
        assert server.dropped == 2


async def test_deliveries_are_given_up_without_any_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.bridges.smpp.account.DAY_MS", 500)
    monkeypatch.setattr("gsmgw.bridges.smpp.account.AGAIN_S", 0.01)
    async with serving(tmp_path, keep_days=1) as (rig, sim, port):
        password = await account(rig)
        server = rig.gateway.bridges.standing["smpp"]
        sim.send(from_=ANNA, to="modem0", text="for nobody")
        await rig.until(lambda: server.dropped == 1)
        async with bound(port, password) as client:
            sim.send(from_=ANNA, to="modem0", text="for a client that never has room")
            while server.dropped == 1:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        request = await client.read()
                    assert request is not None
                    client.writer.write(build(request.response(CommandStatus.QUEUE_FULL)))
        await rig.until(lambda: server.behind == 0)


def bridge_findings(directory: Path) -> list[Finding]:
    with Client(directory / "gsmgw.sock") as client:
        return list(_check_bridges(client, None))


async def test_registered_delivery_says_which_receipts(tmp_path: Path) -> None:
    async with serving(tmp_path) as (rig, _, port):
        password = await account(rig)
        async with bound(port, password) as client:
            await client.submit(ANNA, b"none")
            await client.submit(ANNA, b"failures", registered_delivery=2)
            await client.submit(ANNA, b"all", registered_delivery=0x11)
            enroute, final = await client.delivered(), await client.delivered()
            assert (enroute.number("esm_class"), final.number("esm_class")) == (0x20, 0x04)
            assert (enroute.tlvs[Tag.MESSAGE_STATE], final.tlvs[Tag.MESSAGE_STATE]) == (b"\x01", b"\x02")
            assert (b"stat:ENROUTE" in enroute.raw("short_message")) is True


async def test_a_revoked_account_ends_its_sessions(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=0) as (rig, _, port):
        password = await account(rig)
        async with bound(port, password) as client:
            await rig.client.revoke_token("shop")
            request = await client.read()
            assert request is not None
            assert request.command == Command.UNBIND
            client.writer.write(build(request.response()))
            assert await client.read() is None
        async with peer(port) as client:
            answer = await client.ask(Command.BIND_RECEIVER, system_id=b"shop", password=password.encode())
            assert answer.status == CommandStatus.INVALID_PASSWORD
        again = await account(rig)  # another account of the same name, which begins with what comes now
        async with bound(port, again):
            pass


async def test_wrong_passwords_are_slowed_down_for_their_account_only(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=0) as (rig, _, port):
        password, other = await account(rig), await account(rig, "other")
        for _ in range(5):
            async with peer(port) as client:
                await client.ask(Command.BIND_RECEIVER, system_id=b"shop", password=b"guess")
        async with peer(port) as client:
            answer = await client.ask(Command.BIND_RECEIVER, system_id=b"shop", password=password.encode())
            assert answer.status == CommandStatus.BIND_FAILED
        async with bound(port, other, "other"):
            pass


async def test_a_session_that_misbehaves_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, modems=0, max_sessions=4) as (rig, _, port):
        password = await account(rig)
        async with bound(port, password) as good, peer(port) as silent, peer(port) as wild:
            wild.writer.write(b"GET / HTTP/1.1\r\nHost: gsmgw\r\n\r\n")
            nack = await wild.read()
            assert nack is not None
            assert (nack.command, nack.status) == (Command.GENERIC_NACK, CommandStatus.INVALID_COMMAND_LENGTH)
            assert await wild.read() is None
            good.writer.write(b"\0\0\0\x14\0\0\0\x04\0\0\0\0\0\0\0\x63abcd")  # a submit_sm that ends early
            answer = await good.read()
            assert answer is not None
            assert (answer.command, answer.sequence) == (Command.SUBMIT_SM | RESPONSE, 0x63)
            assert answer.status == CommandStatus.INVALID_COMMAND_LENGTH
            silent.writer.write(b"\0\0\0\x2f\0\0")  # half of a bind, and then nothing
            assert (await good.submit(ANNA, b"still fine")).status == 0
            async with bound(port, password), bound(port, password), peer(port) as fourth:
                assert (await fourth.ask(Command.ENQUIRE_LINK)).status == 0
                async with peer(port):  # takes the place of the oldest that is not bound
                    assert await silent.read() is None
                    async with bound(port, password), peer(port) as refused:
                        assert await refused.read() is None


async def test_a_client_that_is_gone_is_found_out(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=0, enquire_link_s=1, response_s=1) as (rig, _, port):
        password = await account(rig)
        async with bound(port, password) as client:
            request = await client.read()
            assert request is not None
            assert request.command == Command.ENQUIRE_LINK
            client.writer.write(build(request.response()))
            assert (await client.ask(Command.ENQUIRE_LINK)).status == 0
            while (request := await client.read()) is not None:  # not answered any more
                assert request.command == Command.ENQUIRE_LINK


async def test_tls_with_the_certificates_of_the_configuration(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=0, tls_cert=CERTIFICATE, tls_key=CERTIFICATE) as (rig, _, port):
        password = await account(rig)
        trusting = ssl.create_default_context(cafile=CERTIFICATE)
        trusting.check_hostname = False
        async with bound(port, password, tls=trusting) as client:
            assert (await client.submit(ANNA, b"in secret")).status == 0


async def test_a_port_in_use_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.bridges.smpp.server.AGAIN_S", 0.05)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with simulated(tmp_path, modems=0, sections={"smpp": {"listen": f"127.0.0.1:{port}"}}) as (_, rig):
            server = rig.gateway.bridges.standing["smpp"]
            assert server is not None
            await rig.until(lambda: "in use" in (server.trouble or ""))
            bridges = (await rig.client.integrations())["bridges"]
            assert "in use" in next(each["trouble"] for each in bridges if each["name"] == "smpp")
            taken.close()
            await rig.until(lambda: server.trouble is None)


async def test_pdus_are_logged_without_texts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "gsmgw.bridges.smpp")
    async with serving(tmp_path, modems=0) as (rig, _, port):
        password = await account(rig)
        async with bound(port, password) as client:
            await client.submit(ANNA, b"a secret text")
    told = mask_numbers(caplog.text)
    assert "smpp: < submit_sm seq=2 to=4915" in told
    assert "smpp: > submit_sm_resp seq=2 status=0x00 message_id=" in told
    for secret in ("a secret text", password, ANNA[1:]):
        assert secret not in told


def test_a_bridge_that_is_off_is_not_imported() -> None:
    code = (
        "import sys; from gsmgw.config import Config; from gsmgw.daemon import Gateway; Gateway(Config()); "
        "sys.exit(any(name.startswith('gsmgw.bridges.smpp') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_sessions_are_unbound_when_the_gateway_stops(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack, serving(tmp_path, modems=0) as (rig, _, port):
        client = await stack.enter_async_context(bound(port, await account(rig)))
        rig.stop.set()
        request = await client.read()
        assert request is not None
        assert request.command == Command.UNBIND
        client.writer.write(build(request.response()))
        assert await client.read() is None


async def test_clients_that_answer_nothing_do_not_delay_the_stop(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as clients:
        patient = {"response_s": 3600, "enquire_link_s": 3600}  # no timer of a session ends it
        async with serving(tmp_path, **patient) as (rig, sim, port):
            password = await account(rig)
            silent = await clients.enter_async_context(bound(port, password))
            sim.send(from_=ANNA, to="modem0", text="never answered")
            request = await silent.read()
            assert request is not None
            assert request.command == Command.DELIVER_SM
            full = await clients.enter_async_context(bound(port, password, command=Command.BIND_TRANSMITTER))
            with contextlib.suppress(TimeoutError):  # it reads no answers, until the server reads no requests
                while True:
                    full.writer.write(build(Pdu(Command.ENQUIRE_LINK, 0, 1)) * 4000)
                    async with asyncio.timeout(1):
                        await full.writer.drain()
            await clients.enter_async_context(peer(port))
            began = time.monotonic()
            rig.stop.set()
        took = time.monotonic() - began
        assert took < FAREWELL_S + 10  # the rest of the gateway stops, too
        request = await silent.read()
        assert request is not None
        assert request.command == Command.UNBIND
        assert await silent.read() is None


async def test_an_account_of_a_server_that_is_off_keeps_no_events(tmp_path: Path) -> None:
    async def holds(rig: Rig) -> bool:
        query = "SELECT holds FROM cursors WHERE name = 'smpp 1'"
        return bool((await rig.gateway.store.read(lambda db: db.execute(query).fetchone()))[0])

    async with serving(tmp_path, modems=0) as (rig, _, port):
        password = await account(rig)
        assert await holds(rig)
    async with simulated(tmp_path, modems=0) as (_, rig):
        assert not await holds(rig)
    async with serving(tmp_path, modems=0) as (rig, _, port), bound(port, password):
        server = rig.gateway.bridges.standing["smpp"]
        assert server is not None
        await rig.until(lambda: server.behind == 0)
        assert await holds(rig)


async def test_the_password_is_shown_once_and_stored_as_a_hash(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=0) as (rig, _, _port):
        password = await account(rig)
        assert re.fullmatch("[A-Za-z0-9]{8}", password)
        assert (await rig.client.create_token("plain"))["smpp_password"] is None
        listed = {token["name"]: token for token in await rig.client.tokens()}
        assert (listed["shop"]["smpp"], listed["plain"]["smpp"]) == (True, False)
        assert password not in str(listed)
        with pytest.raises(ApiError, match="at most 15"):
            await rig.client.create_token("sixteen-letters-", smpp=True)
    assert all(password.encode() not in path.read_bytes() for path in (tmp_path / "state").iterdir())


@pytest.mark.parametrize(
    ("ton", "digits"),
    [
        (1, b"4915112345678"),
        (0, b"+4915112345678"),
        (0, b"004915112345678"),
        (0, b"015112345678"),
        (2, b"015112345678"),
    ],
)
async def test_parts_to_an_erased_number_are_erased_however_it_was_written(
    tmp_path: Path, ton: int, digits: bytes
) -> None:
    async with serving(tmp_path, modems=0) as (rig, _, port), bound(port, await account(rig)) as client:
        answer = await client.ask(
            Command.SUBMIT_SM,
            dest_addr_ton=ton,
            destination_addr=digits,
            short_message=b"\x05\x00\x03\x01\x02\x01half",
            esm_class=0x40,
        )
        assert answer.status == 0
        await rig.client.erase_person(ANNA)
        gone = await client.ask(Command.QUERY_SM, message_id=answer.raw("message_id"))
        assert gone.status == CommandStatus.INVALID_MESSAGE_ID
    assert all(digits.lstrip(b"+") not in path.read_bytes() for path in (tmp_path / "state").iterdir())


async def test_a_part_to_an_impossible_number_is_refused_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=0) as (rig, _, port), bound(port, await account(rig)) as client:
        answer = await client.submit("+4911", b"\x05\x00\x03\x01\x02\x01half", esm_class=0x40)
        assert answer.status == CommandStatus.INVALID_DESTINATION


async def test_parts_of_an_erased_number_are_erased(tmp_path: Path) -> None:
    async with serving(tmp_path, modems=0) as (rig, _, port):
        password = await account(rig)
        async with bound(port, password) as client:
            answer = await client.submit(ANNA, b"\x05\x00\x03\x01\x02\x01half", esm_class=0x40)
            message_id = answer.raw("message_id")
            assert (await client.ask(Command.QUERY_SM, message_id=message_id)).status == 0
            await rig.client.erase_person(ANNA)
            gone = await client.ask(Command.QUERY_SM, message_id=message_id)
            assert gone.status == CommandStatus.INVALID_MESSAGE_ID
            answer = await client.submit(ANNA, b"\x05\x00\x03\x01\x02\x01half", esm_class=0x40)
            assert (await client.ask(Command.CANCEL_SM, message_id=answer.raw("message_id"))).status == 0
            gone = await client.ask(Command.QUERY_SM, message_id=answer.raw("message_id"))
            assert gone.status == CommandStatus.INVALID_MESSAGE_ID


async def test_the_example_of_the_guide(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/smpp.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    async with serving(tmp_path) as (rig, sim, port):
        password = await account(rig)
        code = code.replace("2775", str(port)).replace("PASSWORD", password)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-u", "-c", code, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(60):
                accepted, receipt = [(await process.stdout.readline()).decode().split() for _ in range(2)]
                sim.send(from_=ANNA, to="modem0", text="Thanks")
                answer = (await process.stdout.readline()).decode()
        finally:
            process.kill()
            await process.wait()
        assert receipt[:2] == ["received", f"id:{accepted[1]}"]
        assert "stat:DELIVRD" in receipt
        assert answer == "received Thanks\n"
