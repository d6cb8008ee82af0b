"""A received text with what Unicode calls a line separator is read by every reader, in our client and in others."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
from support.receiver import receiving
from support.rig import simulated
from support.shell import command

from gsmgw.client import Client
from gsmgw.client.options import no_tls

TEXT = "one\u2028two\u2029three\x85four\x0bfive \\u2028"
ANNA = "+4915112345671"


async def test_separators_in_a_text_end_no_line(tmp_path: Path) -> None:
    webhooks = {"webhooks": {"allow": ["http", "loopback"]}}
    async with receiving() as target, simulated(tmp_path, 1, webhooks) as (sim, rig):
        await rig.client.request("POST", "/v1/webhooks", json={"url": target.url, "events": ["message.received"]})
        sim.send(from_=ANNA, to="modem0", text=TEXT)
        event = await rig.event(0, "message.received")
        number = event["message_id"]
        assert (await rig.client.message(number))["text"] == TEXT
        assert json.loads("".join([portion async for portion in rig.client.export()]))["text"] == TEXT

        socket = rig.gateway.config.gateway.socket

        def first() -> str:
            with Client(socket) as client:
                found = next(e for e in client.events(0, ["message.received"], resume=False, timeout_s=20))
                return str(found["message_id"])

        assert await asyncio.to_thread(first) == number

        # Readers that are not ours split where str.splitlines does.
        transport = httpx.AsyncHTTPTransport(uds=str(socket), verify=no_tls())
        async with httpx.AsyncClient(transport=transport, base_url="http://gsmgw") as plain:
            for path in ("/v1/messages", f"/v1/messages/{number}", "/v1/messages/export", "/v1/conversations"):
                lines = (await plain.get(path)).text.splitlines()
                assert [json.loads(line) for line in lines] != []
                assert len(lines) == 1, path
        posted = (await target.came(1))[0]
        assert len(posted.body.splitlines()) == 1
        assert posted.json["data"]["message"]["text"] == TEXT
        done = await asyncio.to_thread(command, "--socket", str(socket), "messages", "--json")
        assert [json.loads(line)["text"] for line in done.output.splitlines()] == [TEXT]
