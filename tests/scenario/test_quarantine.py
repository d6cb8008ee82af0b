"""PDUs that could not be decoded are shown by the API and the command, and read again on request and at each start."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from support.rig import make_config, running
from support.shell import command

from gsmgw.model import PartState
from gsmgw.ports import RawPdu
from gsmgw.store import Store, inbox

GARBAGE = "FF" * 20
#: +CMT example of TS 23.040's layout as printed in many manuals: "hellohello" from +31641600986.
GOOD = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07"


async def test_it_is_listed_and_tried_again(tmp_path: Path) -> None:
    config = make_config(tmp_path, {})
    async with running(config) as rig:
        for number in range(3):
            raw = RawPdu("office", "sim", GARBAGE + f"{number:02X}", None, "SM", number, 0)
            await rig.gateway.collector.take(raw)
        first = await rig.client.quarantine_page(limit=2)
        assert [entry["pdu"][-2:] for entry in first["data"]] == ["02", "01"]
        assert first["data"][0]["modem"] == "office"
        assert first["data"][0]["problem"]
        second = await rig.client.quarantine_page(cursor=first["next_cursor"])
        assert ([entry["pdu"][-2:] for entry in second["data"]], second["next_cursor"]) == (["00"], None)
        assert await rig.client.reread_quarantine() == {"understood": 0, "left": 3}
        socket = ("--socket", str(config.gateway.socket))
        shown = await asyncio.to_thread(command, *socket, "quarantine", "--json")
        assert [json.loads(line)["pdu"] for line in shown.output.splitlines()] == [
            entry["pdu"] for entry in (*first["data"], *second["data"])
        ]
        again = await asyncio.to_thread(command, *socket, "quarantine", "--reread")
        assert again.output == "0 decoded now, 3 left\n"


async def test_what_a_client_wants_done_with_a_message_in_doubt(tmp_path: Path) -> None:
    config = make_config(tmp_path, {}, {"client": [{"name": "", "on_unknown": "hold"}]})
    async with running(config) as rig:
        assert (await rig.client.send("+4915112345678", "hello"))["on_unknown"] == "hold"
        assert (await rig.client.send("+4915112345678", "hello", on_unknown="resend"))["on_unknown"] == "resend"
    async with running(make_config(tmp_path, {})) as rig:
        assert (await rig.client.send("+4915112345678", "hello"))["on_unknown"] == "resend"


async def test_a_newer_version_reads_it_at_its_start(tmp_path: Path) -> None:
    config = make_config(tmp_path, {})
    store = await Store.open(config.database)
    raw = RawPdu("office", "sim", GOOD, None, "SM", 1, 0)
    facts = inbox.PartFacts(PartState.QUARANTINED, problem="as an older version saw it")
    await store.write(lambda tx: inbox.keep(tx, 1_000, raw, facts))
    await store.close()
    async with running(config) as rig:
        event = await rig.event(0, "message.received")
        assert event["data"]["from"] == "+31641600986"
        assert (await rig.client.quarantine_page())["data"] == []
        message = await rig.client.message(event["message_id"])
        assert message["received_at"] == "1970-01-01T00:00:01.000Z"
