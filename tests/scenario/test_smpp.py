"""The SMPP server: binds, submissions, receipts and received messages, and clients that misbehave."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from support.smpp import Smpplib, account, bound, peer, serving

from gsmgw.bridges.smpp.pdus import RESPONSE, Command, CommandStatus, Tag
from gsmgw.model import format_id

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
            assert received.octets("short_message") == b"Danke \x1b\x3c\x1b\x65\x1b\x3e"
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
