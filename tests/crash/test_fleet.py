"""A fleet while its hub, its nodes and the NATS server are killed, lines are cut and clocks are apart.

The model: each accepted text is sent once, or more often only where a history says that it was unknown; each received
text arrives once; the events of a message come in the order of its life; at the end all agree.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.line import Line
from support.nats_server import NatsServer, nats_server
from support.processes import Site, site, until

from gsmgw.client import Client

NODES = ("berlin", "ulm")
#: The order of a message's life. What is told twice is told in this order, too.
ORDER = ["message.queued", "message.sending", "message.sent", "message.delivered"]


@dataclass
class Fleet:
    nats: NatsServer
    hub: Site
    nodes: dict[str, Site]
    lines: dict[str, Line]

    def copies(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for place in self.nodes.values():
            for text, count in place.copies().items():
                found[text] += count
        return found


@contextlib.contextmanager
def fleet(directory: Path, hours_apart: int = 0) -> Iterator[Fleet]:
    """A hub without modems and two nodes of two modems each; the clock of the last one is apart."""
    with ExitStack() as stack:
        nats = stack.enter_context(nats_server(directory / "nats"))
        lines, nodes = {}, {}
        (directory / "hub").mkdir()
        lines["hub"] = Line(nats.port)
        stack.callback(lines["hub"].close)
        more = f'[fleet]\nurl = "{lines["hub"].url}"\nhub = true\nsilent_after_s = 5.0\n'
        hub = stack.enter_context(site(directory / "hub", 0, gateway="unknown_grace_s = 3", more=more))
        for name in NODES:
            lines[name] = Line(nats.port)
            stack.callback(lines[name].close)
            (directory / name).mkdir()
            nodes[name] = stack.enter_context(
                site(
                    directory / name,
                    2,
                    gateway="unknown_grace_s = 3",
                    modem='reports = "stored"\n',  # one that is handed over directly is lost with the gateway
                    more=f'[fleet]\nurl = "{lines[name].url}"\nnode = "{name}"\n',
                    hours_apart=hours_apart if name == NODES[-1] else 0,
                )
            )
        yield Fleet(nats, hub, nodes, lines)


class Chaos:
    """Kills and cuts, one after the other, in a thread of its own."""

    def __init__(self, found: Fleet, clients: list[Client], seed: int) -> None:
        self._fleet = found
        self._clients = clients
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self.done: list[str] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._random.uniform(0.5, 2.0)):  # the behaviour played: time passes between them
            what = self._random.choice(["hub", *NODES, "nats", "line hub", *(f"line {name}" for name in NODES)])
            self.done.append(what)
            if what == "nats":
                self._fleet.nats.kill()
                self._fleet.nats.start()
            elif what.startswith("line "):
                line = self._fleet.lines[what.removeprefix("line ")]
                line.cut()
                self._stop.wait(self._random.uniform(0.2, 2.0))
                line.mend()
            else:
                place = self._fleet.hub if what == "hub" else self._fleet.nodes[what]
                place.kill()
                self._clients.append(place.start())


def _accept(place: Site, texts: Sequence[str]) -> list[str]:
    """Submit texts to a gateway that dies now and then; those that it has accepted."""
    accepted: list[str] = []
    waiting = [{"to": f"+49151{int(text.split()[1]):08d}", "text": text, "client_ref": text} for text in texts]
    while waiting:
        taken = place.send_until_cut(waiting, None)
        accepted += taken
        known = set(taken)
        waiting = [message for message in waiting if message["text"] not in known]
    return accepted


def _events(client: Client) -> list[dict[str, Any]]:
    last = client.stats()["last_event"]
    found: list[dict[str, Any]] = []
    for event in client.events(0):
        found.append(event)
        if event["id"] >= last:
            return found
    return found


def _undelivered(client: Client) -> set[str]:
    """The messages that were never in doubt and whose report has not come."""
    events = _events(client)
    ended = {event["message_id"] for event in events if event["type"] in ("message.delivered", "message.unknown")}
    return {event["message_id"] for event in events if event["type"] == "message.sent"} - ended


def _received(client: Client) -> list[str]:
    return [event["data"]["text"] for event in _events(client) if event["type"] == "message.received"]


def _in_doubt(clients: Sequence[Client]) -> set[str]:
    """The texts whose history names them as unknown, at the hub or at a node."""
    doubtful: set[str] = set()
    for client in clients:
        ids = {event["message_id"] for event in _events(client) if event["type"] == "message.unknown"}
        doubtful |= {str(client.message(each)["text"]) for each in ids if each is not None}
    return doubtful


@pytest.mark.long
@pytest.mark.parametrize(("seed", "hours_apart"), [(1, 0), (2, 3)])
def test_nothing_is_lost_and_nothing_goes_twice_but_what_was_unknown(
    tmp_path: Path, seed: int, hours_apart: int
) -> None:
    count = 2500
    clients: list[Client] = []
    with fleet(tmp_path, hours_apart) as found:
        try:
            clients.append(found.hub.start())
            clients += [place.start() for place in found.nodes.values()]
            chaos = Chaos(found, clients, seed)
            try:
                texts = [f"out {number}" for number in range(count)]
                halves = [_Worker(found.hub, texts[part::2]) for part in range(2)]
                incoming = []
                for number in range(150):
                    node = NODES[number % 2]
                    incoming.append(f"in {number}")
                    found.nodes[node].inject("modem0", f"+4916{number:09d}", incoming[-1])
                    time.sleep(0.2)  # so that the kills come between them
                accepted = [text for half in halves for text in half.result()]
            finally:
                chaos.end()
            assert sorted(accepted) == sorted(texts)
            # Everything runs now; what a kill left behind is settled.
            hub, *nodes = [Client(place.socket) for place in (found.hub, *found.nodes.values())]
            clients += [hub, *nodes]
            until(lambda: not hub.stats()["messages"], 240)
            until(lambda: not any(node.stats()["messages"] for node in nodes), 60)
            copies = found.copies()
            assert set(copies) == set(texts), "lost"
            twice = {text for text, times in copies.items() if times > 1}
            assert twice <= _in_doubt([hub, *nodes])
            until(lambda: len(_received(hub)) >= len(incoming))
            until(lambda: not _undelivered(hub), 120)
            events = _events(hub)
            assert sorted(_received(hub)) == sorted(incoming)
            _check_order(events)
            print(f"twice={len(twice)} events={len(events)} chaos={chaos.done}")
        finally:
            for each in clients:
                each.close()


class _Worker:
    """A client of the hub in a thread of its own."""

    def __init__(self, place: Site, texts: Sequence[str]) -> None:
        self._accepted: list[str] = []
        self._thread = threading.Thread(target=lambda: self._accepted.extend(_accept(place, texts)))
        self._thread.start()

    def result(self) -> list[str]:
        self._thread.join()
        return self._accepted


def _check_order(events: Sequence[dict[str, Any]]) -> None:
    """The events of a message that was never in doubt come once, in the order of its life.

    One that a node has given back begins again.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for event in events:
        if event["message_id"] is not None and event["type"] != "message.received":
            found[event["message_id"]].append(event["type"])
    for message_id, types in found.items():
        if "message.unknown" not in types:
            life = [type for type in types if type in ORDER]
            while life[:4] == ORDER[:2] * 2:
                life = life[2:]
            assert life == ORDER, (message_id, types)


@pytest.mark.long
def test_a_hub_that_is_restored_from_a_backup_agrees_with_its_nodes(tmp_path: Path) -> None:
    """Messages assigned or accepted after the backup are known again and are not sent a second time."""
    clients: list[Client] = []
    with fleet(tmp_path) as found:
        try:
            hub = found.hub.start()
            clients += [hub, *(place.start() for place in found.nodes.values())]
            until(lambda: _carrying(hub) == 4)
            for line in found.lines.values():
                line.cut()
            before = [f"before {number}" for number in range(100)]
            _accept(found.hub, before)
            _copy(found.hub.directory / "state", tmp_path / "backup")
            for line in found.lines.values():
                line.mend()
            until(lambda: _count(hub, "message.delivered") == len(before), 120)
            after = [f"after {number}" for number in range(100, 150)]
            _accept(found.hub, after)
            until(lambda: _count(hub, "message.delivered") == len(before) + len(after), 120)
            found.hub.kill()
            state = found.hub.directory / "state"
            shutil.rmtree(state)
            shutil.copytree(tmp_path / "backup", state)
            hub = found.hub.start()
            clients.append(hub)
            until(lambda: not hub.stats()["messages"] and _count(hub, "message.delivered") >= 150, 120)
            fresh = hub.send("+4915100000999", "and on")
            until(lambda: hub.message(fresh["id"])["status"] == "delivered", 60)
            assert found.copies() == dict.fromkeys([*before, *after, "and on"], 1)
            assert {str(each["text"]) for each in _messages(hub)} == {*before, *after, "and on"}
        finally:
            for each in clients:
                each.close()


def _carrying(hub: Client) -> int:
    """How many modems of nodes the hub may use."""
    return sum(modem["state"] == "ready" for node in hub.fleet()["nodes"] for modem in node["modems"])


def _count(client: Client, type: str) -> int:
    return sum(event["type"] == type for event in _events(client))


def _messages(client: Client) -> list[dict[str, Any]]:
    return [client.message(event["message_id"]) for event in _events(client) if event["type"] == "message.delivered"]


def _copy(state: Path, target: Path) -> None:
    """Copy a database that is in use, as a backup does."""
    target.mkdir()
    with (
        contextlib.closing(sqlite3.connect(state / "gsmgw.db")) as source,
        contextlib.closing(sqlite3.connect(target / "gsmgw.db")) as copy,
    ):
        source.backup(copy)
