"""Conversations: what several people do who answer texts together."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.poison import as_pdu, deliver
from support.processes import Site
from support.rig import Rig, make_config, running
from support.shell import command

from gsmgw.client import ApiError, AsyncClient, Client
from gsmgw.http.server import bind_tcp
from gsmgw.ports import RawPdu
from gsmgw.store import Tx, conversations, retention

ANNA, BEN, CARLA = "+4915112345671", "+4915112345672", "+4915112345673"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    ports = {"m0": str(tmp_path / "none0"), "m1": str(tmp_path / "none1")}
    async with running(make_config(tmp_path, ports)) as found:
        yield found


async def receive(rig: Rig, sender: str, text: str, modem: str = "m0") -> str:
    """A text arrives; its ID."""
    before = {message["id"] async for message in rig.client.messages(direction="inbound")}
    tpdu = deliver(sender, text.encode("utf-16-be"), dcs=8, stamp=datetime.now(UTC))
    await rig.gateway.collector.take(RawPdu(modem, f"sim-{modem}", as_pdu(tpdu), None, "SM", len(before), 0))
    (number,) = {message["id"] async for message in rig.client.messages(direction="inbound")} - before
    return number


async def listed(rig: Rig, **filters: Any) -> list[str]:
    return [entry["peer"] async for entry in rig.client.conversations(**filters)]


async def test_a_received_text_is_unread_until_somebody_reads_it(rig: Rig) -> None:
    first = await receive(rig, ANNA, "hello")
    await receive(rig, ANNA, "anybody there?")
    await rig.client.send(BEN, "offer")
    found = (await rig.client.conversation_page())["data"]
    assert [(entry["peer"], entry["unread"], entry["modem"]) for entry in found] == [(BEN, 0, None), (ANNA, 2, "m0")]
    assert found[1]["last_message"]["text"] == "anybody there?"
    assert (await rig.client.update_conversation(ANNA, read=True, read_until=first))["unread"] == 1
    assert await listed(rig, unread=True) == [ANNA]
    assert (await rig.client.update_conversation(ANNA, read=True))["unread"] == 0
    assert await listed(rig, unread=True) == []
    assert await listed(rig, unread=False) == [BEN, ANNA]
    assert (await rig.client.update_conversation(ANNA, read=False))["unread"] == 1


async def test_a_conversation_has_the_name_of_its_contact(rig: Rig) -> None:
    """Not for a token that is restricted to a modem: contacts belong to all of them."""
    await receive(rig, ANNA, "hello")
    assert (await rig.client.conversation(ANNA))["name"] is None
    await rig.client.create_contact(ANNA, name="Anna")
    assert (await rig.client.conversation(ANNA))["name"] == "Anna"
    assert [entry["name"] async for entry in rig.client.conversations()] == ["Anna"]
    token = (await rig.client.create_token("m", ["read"], modems=["m0"]))["token"]
    headers = {"Authorization": f"Bearer {token}"}
    (listed_to_it,) = (await rig.http.get("/v1/conversations", headers=headers)).json()["data"]
    shown = (await rig.http.get(f"/v1/conversations/{ANNA}", headers=headers)).json()
    assert listed_to_it["last_message"]["text"] == "hello"
    assert (listed_to_it["name"], shown["name"]) == (None, None)


async def test_a_message_has_the_name_of_its_contact(rig: Rig) -> None:
    """In lists and alone; not for a token that is restricted to a modem."""
    await receive(rig, ANNA, "hello")
    await rig.client.create_contact(ANNA, name="Anna")
    await rig.client.send(BEN, "Hi", send_at="2099-01-01T10:00:00Z")
    found = (await rig.client.page())["data"]
    assert [each["contact_name"] for each in found] == [None, "Anna"]
    number = found[1]["id"]
    assert (await rig.client.message(number))["contact_name"] == "Anna"
    token = (await rig.client.create_token("m", ["read"], modems=["m0"]))["token"]
    headers = {"Authorization": f"Bearer {token}"}
    (to_it,) = (await rig.http.get("/v1/messages", headers=headers)).json()["data"]
    alone = (await rig.http.get(f"/v1/messages/{number}", headers=headers)).json()
    assert (to_it["contact_name"], alone["contact_name"]) == (None, None)


async def test_a_received_text_opens_a_closed_conversation(rig: Rig) -> None:
    await receive(rig, ANNA, "hello")
    await rig.client.update_conversation(ANNA, state="closed", read=True)
    assert (await listed(rig, state="open"), await listed(rig, state="closed")) == ([], [ANNA])
    await rig.client.send(ANNA, "one more offer")
    assert await listed(rig, state="closed") == [ANNA]
    cursor = (await rig.client.stats())["last_event"]
    await receive(rig, ANNA, "yes", "m1")
    event = await rig.event(cursor, "conversation.changed")
    assert event["data"] == {"number": ANNA, "change": "reopened", "state": "open"}
    found = await rig.client.conversation(ANNA)
    assert (found["state"], found["unread"], found["modem"]) == ("open", 1, "m1")
    assert [message["text"] for message in found["messages"]] == ["yes", "one more offer", "hello"]
    assert (await listed(rig, modem="m1"), await listed(rig, modem="m0")) == ([ANNA], [])


async def test_notes_are_part_of_the_conversation_and_never_sent(rig: Rig) -> None:
    await receive(rig, ANNA, "hello")
    cursor = (await rig.client.stats())["last_event"]
    note = await rig.client.add_note("0151 12345671", "calls back on Monday")
    assert (await rig.event(cursor, "conversation.changed"))["data"]["change"] == "note"
    found = await rig.client.conversation(ANNA)
    assert found["notes"] == [note]
    assert [message["text"] for message in found["messages"]] == ["hello"]
    await rig.client.request("DELETE", f"/v1/conversations/{ANNA}/notes/{note['id']}")
    assert (await rig.client.request("GET", f"/v1/conversations/{ANNA}/notes"))["data"] == []
    with pytest.raises(ApiError, match=r"the conversation with .* does not exist"):
        await rig.client.add_note(CARLA, "nobody")
    with pytest.raises(ApiError, match="does not exist"):
        await rig.client.request("DELETE", f"/v1/conversations/{ANNA}/notes/99")


async def test_conversations_belong_to_users(rig: Rig) -> None:
    for peer in (ANNA, BEN):
        await receive(rig, peer, "hello")
    with pytest.raises(ApiError, match="the user 'zoe' does not exist"):
        await rig.client.update_conversation(ANNA, assigned_to="zoe")
    body = {"name": "Zoe", "password": "long enough", "role": "operator"}
    await rig.client.request("POST", "/v1/users", json=body)
    assert (await rig.client.update_conversation(ANNA, assigned_to="zoe"))["assigned_to"] == "Zoe"
    assert (await listed(rig, assigned_to="Zoe"), await listed(rig, unassigned=True)) == ([ANNA], [BEN])
    await rig.client.request("DELETE", "/v1/users/zoe")
    assert await listed(rig, unassigned=True) == [BEN, ANNA]


async def test_a_search_finds_texts_numbers_and_names(rig: Rig) -> None:
    await rig.client.request("POST", "/v1/contacts", json={"number": BEN, "name": "Benjamin Bär"})
    await receive(rig, ANNA, "Where is my bicycle?")
    await rig.client.send(BEN, "Your order is ready")
    assert await listed(rig, q="bicycle") == [ANNA]
    assert await listed(rig, q="order") == [BEN]
    assert await listed(rig, q="345671") == [ANNA]
    assert await listed(rig, q="benjamin") == [BEN]
    assert await listed(rig, q="%") == []


async def test_a_token_that_sees_only_some_messages_cannot_change_conversations(tmp_path: Path) -> None:
    listener = bind_tcp("127.0.0.1:0")
    host, port = listener.getsockname()
    ports = {"m0": str(tmp_path / "none0"), "m1": str(tmp_path / "none1")}
    async with running(make_config(tmp_path, ports), listener) as rig:
        for peer, modem in ((ANNA, "m0"), (BEN, "m1")):
            await receive(rig, peer, "hello", modem)
        await rig.client.add_note(ANNA, "a secret")
        body = {"name": "t", "scopes": ["send", "read"], "modems": ["m0"]}
        token = (await rig.client.request("POST", "/v1/tokens", json=body))["token"]
        async with AsyncClient(None, url=f"http://{host}:{port}", token=token) as client:
            assert [entry["peer"] async for entry in client.conversations()] == [ANNA]
            assert (await client.conversation(ANNA))["notes"] == []
            for call in (client.conversation(BEN), client.update_conversation(ANNA, read=True)):
                with pytest.raises(ApiError) as caught:
                    await call
                assert caught.value.status in (403, 404)


async def test_conversations_end_with_their_last_message(rig: Rig) -> None:
    await receive(rig, ANNA, "hello")
    await rig.client.add_note(ANNA, "note")
    await receive(rig, ANNA, "again")
    await rig.client.send(BEN, "queued")
    store = rig.gateway.store

    def newest_first(tx: Tx) -> None:
        (last,) = tx.one("SELECT max(id) FROM messages WHERE peer = ?", (ANNA,))
        tx.run("UPDATE parts SET message_id = NULL WHERE message_id = ?", (last,))
        tx.run("DELETE FROM messages WHERE id = ?", (last,))
        conversations.forget(tx, [last])

    await store.write(newest_first)
    assert (await rig.client.conversation_page())["data"][1]["last_message"]["text"] == "hello"
    await store.write(lambda tx: tx.run("UPDATE parts SET held = 0"))
    await store.write(lambda tx: retention.drop_messages(tx, 2**43 - 1, 100))
    assert await listed(rig) == [BEN]
    left = await store.read(lambda db: db.execute("SELECT count(*) FROM conversation_notes").fetchone())
    assert left == (0,)


async def test_canned_answers(rig: Rig) -> None:
    put = await rig.client.request("PUT", "/v1/answers/hours", json={"text": "9 to 18"})
    assert put == {"name": "hours", "text": "9 to 18"}
    await rig.client.request("PUT", "/v1/answers/Hours", json={"text": "9 to 17"})
    assert await rig.client.answers() == [{"name": "hours", "text": "9 to 17"}]
    await rig.client.request("DELETE", "/v1/answers/hours")
    with pytest.raises(ApiError, match="does not exist"):
        await rig.client.request("DELETE", "/v1/answers/hours")


def test_the_commands(place: Site) -> None:
    def run(*arguments: str) -> str:
        done = command("--socket", str(place.socket), *arguments)
        assert done.exit_code == 0, done.output
        return done.output

    with Client(place.socket) as client:
        client.send(ANNA, "Hello Anna")
        client.request("POST", "/v1/users", json={"name": "zoe", "password": "long enough", "role": "owner"})
    assert "Hello Anna" in run("conversations")
    assert "not sent" in run("conversations", "note", ANNA, "is my sister")
    assert json.loads(run("conversations", "note", ANNA, "a note", "--json"))["text"] == "a note"
    assert run("conversations", "assign", ANNA, "zoe") == f"{ANNA} assigned to zoe\n"
    shown = run("conversations", "show", ANNA)
    assert "assigned to zoe" in shown
    assert "is my sister" in shown
    run("conversations", "close", ANNA)
    assert "no conversations" in run("conversations", "list", "--state", "open")
    run("conversations", "open", ANNA)
    run("conversations", "read", ANNA)
    run("conversations", "assign", ANNA, "--nobody")
    assert json.loads(run("conversations", "list", "--unassigned", "--json"))["peer"] == ANNA
    run("answers", "set", "hours", "9 to 18")
    assert "9 to 18" in run("answers")
    run("answers", "delete", "hours")
    assert "no canned answers" in run("answers", "list")
