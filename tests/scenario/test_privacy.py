"""One person's data: handed out, and erased from every place in the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.poison import as_pdu, deliver
from support.processes import Site
from support.rig import Rig, make_config, running
from support.shell import command
from support.waiting import until

from gsmgw.client import ApiError, Client
from gsmgw.ports import RawPdu

ANNA, BEN = "+4915112345671", "+4915112345672"
WORD = "zeppelin"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(make_config(tmp_path, {"m0": str(tmp_path / "none0")})) as rig:
        for number in (ANNA, BEN):
            await rig.client.request("POST", "/v1/contacts", json={"number": number, "name": f"{WORD} owner"})
            await rig.client.send(number, f"your {WORD} is ready", client_ref=f"for {number}", tags=["t"])
            tpdu = deliver(number, f"which {WORD}?".encode("utf-16-be"), dcs=8, stamp=datetime.now(UTC))
            raw = RawPdu("m0", "sim-m0", as_pdu(tpdu), None, "SM", int(number[-1]), 0)
            await rig.gateway.collector.take(raw)
            rig.gateway.collector.released(raw)
            await rig.client.add_note(number, f"likes a {WORD}")
        yield rig


async def test_an_export_has_all_that_is_known(rig: Rig) -> None:
    await rig.client.request("POST", "/v1/optouts", json={"number": ANNA, "reason": "by phone"})
    await rig.client.create_drip("welcome", [{"delay": "3d", "text": "How is it?"}])
    await rig.client.enroll_in_drip("welcome", numbers=[ANNA])
    found = await rig.client.export_person("0151 12345671")
    assert [(each["drip"], each["step"]) for each in found["drips"]] == [("welcome", 1)]
    assert found["question"] is None
    assert (found["number"], found["contact"]["name"]) == (ANNA, f"{WORD} owner")
    assert [message["text"] for message in found["messages"]] == [f"your {WORD} is ready", f"which {WORD}?"]
    assert [note["text"] for note in found["notes"]] == [f"likes a {WORD}"]
    assert found["consent"]["trail"][0]["reason"] == "by phone"
    assert {"message.queued", "message.received", "conversation.changed", "consent.changed"} <= {
        event["type"] for event in found["events"]
    }
    assert BEN not in json.dumps(found)
    nobody = await rig.client.export_person("+4915112345699")
    assert (nobody["contact"], nobody["messages"], nobody["events"]) == (None, [], [])


async def _all_queued(rig: Rig, campaign: str) -> bool:
    return {each["state"] async for each in rig.client.campaign_recipients(campaign)} == {"queued"}


async def test_an_erased_person_is_gone_from_every_table(rig: Rig, tmp_path: Path) -> None:
    people = {"numbers": [ANNA, BEN]}
    draft = await rig.client.create_campaign("Draft", people, text="hello", exclude={"numbers": [ANNA]})
    running = (await rig.client.create_campaign("Running", people, text="hello"))["id"]
    await rig.client.start_campaign(running)
    await until(lambda: _all_queued(rig, running))
    await rig.client.request("POST", "/v1/optouts", json={"number": ANNA, "reason": "by phone"})
    assert (await rig.client.page(q=WORD))["data"]  # indexed
    done = await rig.client.erase_person(ANNA, reason="asked for it")
    assert (done["messages"], done["contacts"], done["notes"], done["consent"]) == (3, 1, 1, 1)
    await rig.gateway.store.write(lambda tx: tx.all("SELECT 1"))
    with closing(sqlite3.connect(tmp_path / "state" / "gsmgw.db")) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in db.execute(f'SELECT * FROM "{table}"'):
                assert not any(ANNA in str(value) or ANNA[1:] in str(value) for value in row), (table, row)
    assert {message["to"] for message in (await rig.client.page(direction="outbound"))["data"]} == {BEN}
    assert {message["to"] for message in (await rig.client.page(q="ready"))["data"]} == {BEN}
    assert (await rig.client.export_person(ANNA))["messages"] == []
    assert (await rig.client.campaign(draft["id"]))["audience"]["numbers"] == [BEN]
    assert {each["number"] async for each in rig.client.campaign_recipients(running)} <= {BEN}
    assert (await rig.client.conversation(BEN))["notes"]


async def test_an_opt_out_outlives_the_erasure(rig: Rig) -> None:
    await rig.client.request("POST", "/v1/optouts", json={"number": ANNA})
    await rig.client.erase_person(ANNA)
    with pytest.raises(ApiError) as caught:
        await rig.client.send(ANNA, "again")
    assert caught.value.code == "recipient_opted_out"
    assert (await rig.client.export_person(ANNA))["consent"]["trail"][-1]["action"] == "erased"


async def test_readers_of_events_do_not_get_it_from_memory(rig: Rig) -> None:
    await rig.client.erase_person(ANNA)
    last = (await rig.client.stats())["last_event"]
    seen = []
    async for event in rig.client.events(0):
        seen.append(json.dumps(event))
        if event["id"] >= last:
            break
    assert not [text for text in seen if ANNA in text]
    assert [text for text in seen if BEN in text]


async def test_what_is_being_sent_is_not_erased(rig: Rig) -> None:
    sent = await rig.client.send(ANNA, "on its way")

    def take(tx: Any) -> None:
        tx.run("UPDATE messages SET status = 'sending' WHERE text = 'on its way' AND peer = ?", (ANNA,))

    await rig.gateway.store.write(take)
    with pytest.raises(ApiError, match="are being sent, or their outcome is unknown") as caught:
        await rig.client.erase_person(ANNA)
    assert caught.value.status == 409
    assert (await rig.client.message(sent["id"]))["status"] == "sending"


def test_the_commands(place: Site, tmp_path: Path) -> None:
    def run(*arguments: str, code: int = 0, stdin: str = "") -> str:
        done = command("--socket", str(place.socket), "privacy", *arguments, stdin=stdin)
        assert done.exit_code == code, done.output
        return done.output

    with Client(place.socket) as client:
        client.request("POST", "/v1/contacts", json={"number": ANNA, "name": "Anna"})
    file = tmp_path / "anna.json"
    run("export", ANNA, str(file))
    assert json.loads(file.read_text())["contact"]["name"] == "Anna"
    assert file.stat().st_mode & 0o777 == 0o600
    run("export", ANNA, str(file), code=1)
    run("erase", ANNA, code=1, stdin="n\n")
    assert "1 contact, 0 notes" in run("erase", ANNA, stdin="y\n")
    assert json.loads(run("erase", ANNA, "--yes", "--json"))["contacts"] == 0
    assert json.loads(run("export", ANNA))["contact"] is None
