"""The users of the NATS server that `gsmgw fleet` makes: a node can do its work, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats.errors
import pytest
from nats.aio.client import Client
from support.fleet import Fleet, fleet_of, users_of
from support.nats_server import nats_server

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.contents import NodeEvent, event_payload, events_payload, job_payload, order_payload
from gsmgw.install.nats import FleetFiles, Listener
from gsmgw.model import Outgoing, Priority, parse_id
from gsmgw.store.fleet_jobs import JobName

ANNA, BEN = "+4915112345678", "+4915187654321"


@pytest.fixture
def files(tmp_path: Path) -> FleetFiles:
    """Files of a fleet with two nodes."""
    files = FleetFiles(tmp_path / "files")
    files.create(Listener.parse("127.0.0.1:4222"), tmp_path / "store")
    files.add("berlin")
    files.add("ulm")
    return files


async def test_nodes_can_do_their_work(tmp_path: Path, files: FleetFiles) -> None:
    async with fleet_of(tmp_path, "berlin", "ulm", files=files) as fleet:
        client = fleet.hub.client
        for modem in ("berlin/modem0", "ulm/modem0"):
            sent = await client.send(ANNA, "Hello", modem=modem)
            assert (await fleet.hub.ended(sent["id"]))["status"] == "delivered"
        fleet.sims["ulm"].send(from_=ANNA, to="modem0", text="Thank you")
        assert (await fleet.hub.event(0, "message.received"))["modem"] == "ulm/modem0"

        # an order is answered: the message waits at the node, where nothing can be sent
        await fleet.nodes["ulm"].client.opt_out(BEN)
        await fleet.hub.event(0, "consent.changed", where=lambda event: event["data"]["number"] == BEN)
        await client.opt_out(ANNA)
        await fleet.nodes["ulm"].event(0, "consent.changed", where=lambda event: event["data"]["number"] == ANNA)
        await client.erase_person(ANNA)
        async with asyncio.timeout(60):
            while (await fleet.nodes["ulm"].client.export_person(ANNA))["messages"]:  # noqa: ASYNC110 - another gateway
                await asyncio.sleep(0.05)
        assert await _refusals(fleet) == []


async def _refusals(fleet: Fleet) -> list[str]:
    """The lines of the server's log about what it has refused."""
    log = (fleet.directory / "nats" / "nats.log").read_text("utf-8", "replace")
    return [line for line in log.splitlines() if "iolation" in line]


class Intruder:
    """A program with the credentials of a node."""

    def __init__(self, client: Client, errors: list[str], ended: asyncio.Event) -> None:
        self.client = client
        self.errors = errors
        #: The connection is closed.
        self.ended = ended

    async def is_refused(self) -> bool:
        """True if the server has refused something since the last question."""
        await self.client.flush()
        await asyncio.sleep(0.1)
        found = [each for each in self.errors if "permissions violation" in each.lower()]
        self.errors.clear()
        return bool(found)

    async def ask(self, subject: str, body: Any) -> Any:
        """Ask JetStream; None if it does not answer."""
        try:
            payload = body if isinstance(body, bytes) else json.dumps(body).encode()
            return json.loads((await self.client.request(subject, payload, timeout=0.5)).data)
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError, TimeoutError):
            return None


@asynccontextmanager
async def intruder(url: str, file: Path) -> AsyncIterator[Intruder]:
    user = json.loads(await asyncio.to_thread(file.read_text))
    errors: list[str] = []

    async def note(exc: Exception) -> None:
        errors.append(str(exc))

    async def note_end() -> None:
        ended.set()

    client, ended = Client(), asyncio.Event()
    try:
        await client.connect(
            url,
            user=user["user"],
            password=user["password"],
            inbox_prefix=subjects.inbox_of(user["user"]).encode(),
            error_cb=note,
            closed_cb=note_end,
            allow_reconnect=False,
        )
        yield Intruder(client, errors, ended)
    finally:
        await client.close()


async def test_a_node_cannot_reach_what_is_another_ones(tmp_path: Path, files: FleetFiles) -> None:
    async with fleet_of(tmp_path, "berlin", files=files) as fleet:
        await fleet.leave("berlin")
        await fleet.hub.client.send(ANNA, "secret", modem="berlin/modem0")
        await fleet.hub.event(0, "message.sending")
        async with intruder(fleet.nats.url, files.credentials_of("ulm")) as ulm:
            await _subscribes_to_nothing_else(ulm)
            await _reads_no_messages(ulm)
            await _writes_nothing_elsewhere(ulm)


async def _subscribes_to_nothing_else(ulm: Intruder) -> None:
    for subject in (
        ">",
        "gsmgw.>",
        "gsmgw.mt.*",
        subjects.jobs_of("berlin"),
        subjects.jobs_of("ulm"),
        subjects.events_of("berlin"),
        subjects.orders_for("berlin"),
        "_INBOX_berlin.>",
        "_INBOX_hub.>",
        "*.>",
        "_INBOX.>",
        "$KV.>",
        "$JS.>",
    ):
        await ulm.client.subscribe(subject)
        assert await ulm.is_refused(), subject


async def _reads_no_messages(ulm: Intruder) -> None:
    jobs, events = subjects.JOBS, subjects.EVENTS
    for stream in (jobs, events, "KV_gsmgw-nodes", "KV_gsmgw-claims"):
        for what in ("MSG.GET", "MSG.DELETE", "PURGE", "DELETE", "UPDATE", "SNAPSHOT"):
            assert await ulm.ask(f"$JS.API.STREAM.{what}.{stream}", {"seq": 1}) is None, what
            assert await ulm.is_refused(), what
        assert await ulm.ask(f"$JS.API.DIRECT.GET.{stream}", {"seq": 1}) is None
        assert await ulm.is_refused(), stream
    for name in ("berlin", "ulm", "x"):
        foreign = {"name": name, "filter_subject": subjects.jobs_of("berlin"), "ack_policy": "explicit"}
        for subject in (
            f"$JS.API.CONSUMER.CREATE.{jobs}",
            f"$JS.API.CONSUMER.CREATE.{jobs}.{name}",
            f"$JS.API.CONSUMER.CREATE.{jobs}.{name}.{subjects.jobs_of('berlin')}",
            f"$JS.API.CONSUMER.DURABLE.CREATE.{jobs}.{name}",
        ):
            assert await ulm.ask(subject, {"stream_name": jobs, "config": foreign}) is None, subject
            assert await ulm.is_refused(), subject
    for several in ({"filter_subject": subjects.jobs_of("berlin")}, {"filter_subjects": ["gsmgw.mt.>"]}, {}):
        config = {"name": "ulm", "durable_name": "ulm", "ack_policy": "explicit", **several}
        answer = await ulm.ask(
            f"$JS.API.CONSUMER.CREATE.{jobs}.ulm.{subjects.jobs_of('ulm')}", {"stream_name": jobs, "config": config}
        )
        assert answer is None or "error" in answer, answer
    assert await ulm.ask(f"$JS.API.CONSUMER.MSG.NEXT.{jobs}.berlin", {"batch": 1}) is None
    assert await ulm.is_refused()
    assert await ulm.ask(f"$JS.API.CONSUMER.DELETE.{jobs}.berlin", b"") is None
    assert await ulm.is_refused()


async def _writes_nothing_elsewhere(ulm: Intruder) -> None:
    for subject in (
        subjects.events_of("berlin"),
        subjects.jobs_of("berlin"),
        subjects.jobs_of("ulm"),
        subjects.orders_for("berlin"),
        "$KV.gsmgw-nodes.berlin",
        "$KV.gsmgw-claims.berlin.1.1",
        "$KV.gsmgw-consent.1.1",
        "$KV.gsmgw-erased.1",
        f"$JS.ACK.{subjects.JOBS}.berlin.1.1.1.1.1",
        "_INBOX_hub.answer",
        "_INBOX_berlin.answer",
    ):
        await ulm.client.publish(subject, b"{}")
        assert await ulm.is_refused(), subject


async def test_a_node_cannot_have_its_words_sent_as_another_ones(
    tmp_path: Path, files: FleetFiles, caplog: pytest.LogCaptureFixture
) -> None:
    """The server answers at any subject that a client names: what comes that way is not read."""
    async with fleet_of(tmp_path, "berlin", files=files) as fleet:
        kept = await fleet.nodes["berlin"].client.send(ANNA, "kept", send_at="2099-01-01T00:00:00Z")
        async with intruder(fleet.nats.url, files.credentials_of("ulm")) as ulm:
            name = JobName(parse_id(kept["id"]) or 0, 1)
            message = Outgoing(name.message_id, BEN, "forged", Priority.NORMAL, 1, 0, encoding="gsm7")
            event = NodeEvent("modem.recovery", 1, "forged", {})
            for number, (to, words) in enumerate(
                (
                    (subjects.events_of("berlin"), events_payload([event_payload(event)])),
                    (subjects.jobs_of("berlin"), job_payload(name, "berlin", "berlin/modem0", message, 0)),
                    (subjects.orders_for("berlin"), order_payload("cancel", [name])),
                )
            ):
                key = f"$KV.gsmgw-claims.ulm.forged{number}"
                await ulm.client.request(key, words, timeout=2)  # stored
                direct = f"$JS.API.DIRECT.GET.KV_gsmgw-claims.{key}"
                assert (await ulm.client.request(direct, b"", timeout=2)).data == words
                await ulm.client.publish(direct, b"", reply=to)
                await ulm.client.flush()
                await fleet.hub.until(lambda to=to: to in caplog.text)  # type: ignore[misc]
        last = await fleet.hub.client.send(ANNA, "last", modem="berlin/modem0")
        await fleet.hub.ended(last["id"])
        assert [each.text for each in fleet.sims["berlin"].phone(BEN).received] == []
        seen = [event async for event in _until(fleet, last["id"])]
        assert not [event for event in seen if event["modem"] == "berlin/forged"]


async def _until(fleet: Fleet, message_id: str) -> AsyncIterator[Any]:
    async for event in fleet.hub.client.events(0):
        yield event
        if event["message_id"] == message_id:
            return


async def test_a_removed_node_is_disconnected(tmp_path: Path, files: FleetFiles) -> None:
    file = files.credentials_of("ulm")
    kept = tmp_path / "kept.json"
    kept.write_text(file.read_text())
    with nats_server(tmp_path / "nats", users_of(files)) as server:
        async with intruder(server.url, kept) as ulm:
            files.remove("ulm")
            server.reload()
            async with asyncio.timeout(10):
                await ulm.ended.wait()
        with pytest.raises(nats.errors.Error):
            async with intruder(server.url, kept):
                pass
        files.add("ulm")
        server.reload()
        await asyncio.sleep(0.5)
        async with intruder(server.url, file) as ulm:
            assert ulm.client.is_connected
