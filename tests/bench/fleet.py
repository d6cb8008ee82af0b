"""A fleet: a hub and two nodes of four simulated modems each, all as processes of their own, and a real NATS server.

All that is compared is measured by turns in one run, with the load of the machine beside it. The NATS server syncs each
message to the disk before it acknowledges it, so the time of a sync is told, too. $GSMGW_BEFORE is the directory of
another checkout: the memory and the start of its gateway are measured beside those of this one.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.nats_server import NatsServer, nats_server
from support.processes import Site, site, until

from gsmgw.client import Client
from tests.bench.gateway import QUARTER, cpu_s, memory_mb, sync_ms

NODES = ("berlin", "ulm")
MODEMS = 4
#: Texts for each modem, and rounds of which the median is told.
TEXTS_QUARTER, TEXTS_QUICK, ROUNDS = 80, 300, 3
PAIRS = 40
BACKLOG, BATCH = 20_000, 10_000
STARTS = 7


def main() -> None:
    """Print all of it."""
    for words, texts, slow in (("at 0.25 s", TEXTS_QUARTER, True), ("without latency", TEXTS_QUICK, False)):
        with tempfile.TemporaryDirectory() as directory, fleet(Path(directory), slow=slow) as found:
            share(found, words, texts)
    with tempfile.TemporaryDirectory() as directory, fleet(Path(directory)) as found:
        latency(found)
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as directory:
            assigned = assign(Path(directory), BACKLOG)
        print(f"fleet backlog of {BACKLOG}, {number + 1}. time: {assigned}; {machine()}", flush=True)
    without_fleet()


def machine() -> str:
    """Return the load of the machine and the time of a sync, in words."""
    return f"load {os.getloadavg()[0]:.1f}, fdatasync {sync_ms():.2f} ms"


# -- a fleet --------------------------------------------------------------------------------------------------------


@dataclass
class Fleet:
    """Its processes and a client of each gateway."""

    nats: NatsServer
    hub: Site
    hub_client: Client
    nodes: list[Site]
    clients: list[Client]

    def submits(self) -> int:
        """Return how many texts the networks of all nodes have taken."""
        return sum(_submits(node) for node in self.nodes)


@contextlib.contextmanager
def fleet(directory: Path, *, slow: bool = False) -> Iterator[Fleet]:
    """A hub without modems and two nodes, connected; modems without latency, or ``slow``: a quarter of a second."""
    options: tuple[str, ...] = ()
    if slow:
        profile = directory / "quarter.toml"
        profile.write_text(QUARTER)
        options = ("--timing", "real", "--profile", str(profile))
    with ExitStack() as stack:
        nats = stack.enter_context(nats_server(directory / "nats"))
        hub, hub_client = stack.enter_context(_hub(directory, nats.url))
        nodes, clients = [], []
        for name in NODES:
            (directory / name).mkdir()
            more = f'[fleet]\nurl = "{nats.url}"\nnode = "{name}"\n'
            node = stack.enter_context(site(directory / name, MODEMS, simulator=options, more=more))
            nodes.append(node)
            clients.append(stack.enter_context(node.start()))
        for client in clients:
            until(lambda client=client: _ready(client) == MODEMS)
        told = directory / "hub" / "gateway.out"
        until(lambda: all(f"fleet: the node {name} is here" in told.read_text() for name in NODES))
        found = Fleet(nats, hub, hub_client, nodes, clients)
        while not all(node.submits() for node in nodes):  # until both are seen to send
            _rate([(hub_client, MODEMS * len(NODES))], nodes, -1)
        yield found


@contextlib.contextmanager
def _hub(directory: Path, url: str) -> Iterator[tuple[Site, Client]]:
    (directory / "hub").mkdir()
    more = f'[fleet]\nurl = "{url}"\nhub = true\n'
    with site(directory / "hub", 0, more=more) as hub, hub.start() as client:
        until(lambda: "fleet: connected" in (directory / "hub" / "gateway.out").read_text())
        yield hub, client


def _ready(client: Client) -> int:
    return sum(modem["state"] == "ready" for modem in client.modems())


def _submits(place: Site) -> int:
    return place.sim_log.read_bytes().count(b'"event": "submit"') if place.sim_log.exists() else 0


# -- throughput -----------------------------------------------------------------------------------------------------


def share(found: Fleet, words: str, texts: int) -> float:
    """Print texts a second through the hub against the sum of what the nodes do alone, by turns."""
    ratios = []
    for number in range(ROUNDS):
        alone = sum(_rate([(found.clients[n], MODEMS * texts)], [found.nodes[n]], number) for n in range(len(NODES)))
        both = sum(_rates(found, texts, number))
        count = MODEMS * len(NODES) * texts
        fleet_rate = _rate([(found.hub_client, count)], found.nodes, number)
        ratios.append(fleet_rate / alone)
        print(
            f"fleet {words}, {number + 1}. time: hub {fleet_rate:.2f} texts/s, its nodes one after the other "
            f"{alone:.2f} in sum, at the same time {both:.2f}: {fleet_rate / alone:.3f} and {fleet_rate / both:.3f}; "
            f"{machine()}",
            flush=True,
        )
    print(f"fleet {words}: {statistics.median(ratios):.3f} of the sum of what the nodes do alone (median)", flush=True)
    return statistics.median(ratios)


def _messages(count: int, words: str) -> list[dict[str, Any]]:
    return [{"to": f"+49151{n:08d}", "text": f"{words} text {n}"} for n in range(count)]


def _rate(work: Sequence[tuple[Client, int]], nodes: Sequence[Site], number: int) -> float:
    """Return texts a second over some nodes, from the first submission to the last."""
    before = [_submits(node) for node in nodes]
    wanted = sum(before) + sum(count for _, count in work)
    for client, count in work:
        client.send_many(_messages(count, f"round {number}"))
    while sum(_submits(node) for node in nodes) < wanted:
        time.sleep(0.1)  # seldom: the looking is not to be measured
    times = [entry["t"] for node, known in zip(nodes, before, strict=True) for entry in node.submits()[known:]]
    for client, _ in work:
        until(lambda client=client: not client.stats()["messages"], 120)
    return (len(times) - 1) / (max(times) - min(times))


def _rates(found: Fleet, texts: int, number: int) -> list[float]:
    """Return what each node does alone, both at the same time."""
    before = [_submits(node) for node in found.nodes]
    count = MODEMS * texts
    for client in found.clients:
        client.send_many(_messages(count, f"round {number}"))
    while found.submits() < sum(before) + count * len(NODES):
        time.sleep(0.1)  # seldom: the looking is not to be measured
    for client in found.clients:
        until(lambda client=client: not client.stats()["messages"], 120)
    rates = []
    for node, known in zip(found.nodes, before, strict=True):
        times = [entry["t"] for entry in node.submits()[known:]]
        rates.append((count - 1) / (max(times) - min(times)))
    return rates


# -- latency --------------------------------------------------------------------------------------------------------


def latency(found: Fleet, pairs: int = PAIRS) -> float:
    """Print what assignment adds to a text while all is idle: from the request to the PDU, by turns with a node."""
    through_hub, alone = [], []
    for number in range(pairs):
        alone.append(_one(found, found.clients[number % len(NODES)], f"+49151{number:08d}"))
        through_hub.append(_one(found, found.hub_client, f"+49152{number:08d}"))
    added = statistics.median(through_hub) - statistics.median(alone)
    print(
        f"fleet POST to the network, idle: a node alone {_spread(alone)}, through the hub {_spread(through_hub)}: "
        f"assignment adds {added:.1f} ms (median); {machine()}",
        flush=True,
    )
    return added


def _one(found: Fleet, client: Client, to: str) -> float:
    """Return the milliseconds from a request to the submission of its text."""
    time.sleep(0.1)  # each finds an idle fleet
    before = [_submits(node) for node in found.nodes]
    began = time.time()
    client.send(to, "idle")
    until(lambda: found.submits() > sum(before))
    for node, known in zip(found.nodes, before, strict=True):
        for entry in node.submits()[known:]:
            return float(entry["t"] - began) * 1000
    raise AssertionError("the text is gone")


def _spread(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.1f} ms (worst {max(times):.1f})"


# -- assignment -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Assigned:
    """Result of a hub with a backlog; CPU in seconds."""

    count: int
    took_s: float
    settled_s: float
    hub_cpu_s: float
    nats_cpu_s: float
    nodes_cpu_s: float

    def __str__(self) -> str:
        cpu = ", ".join(
            f"{name} {used / self.count * 1e6:.0f}"
            for name, used in (("hub", self.hub_cpu_s), ("NATS", self.nats_cpu_s), ("nodes", self.nodes_cpu_s))
        )
        return (
            f"{self.count / self.took_s:.0f} messages/s assigned and at their nodes, "
            f"{self.count / self.settled_s:.0f}/s told as sent; us of CPU each: {cpu}"
        )


def assign(directory: Path, count: int) -> Assigned:
    """Accept a backlog, then let two nodes take it that do nothing but the protocol."""
    with ExitStack() as stack:
        nats = stack.enter_context(nats_server(directory / "nats"))
        hub, client = stack.enter_context(_hub(directory, nats.url))
        for at in range(0, count, BATCH):
            client.send_many(_messages(count, "backlog")[at : at + BATCH])
        assert hub.gateway is not None
        before = [cpu_s(hub.gateway.child.pid), cpu_s(nats.pid)]
        standins = [stack.enter_context(_standin(nats.url, name, directory / f"{name}.db")) for name in NODES]
        while any(client.stats()["messages"].get(state) for state in ("queued", "sending")):
            time.sleep(0.5)  # seldom: the looking is not to be measured
        settled = time.time()
        after = [cpu_s(hub.gateway.child.pid), cpu_s(nats.pid)]
        told = [_end(each) for each in standins]
    taken = sorted((at, number) for each in told for at, number in each["taken"])
    assert sum(number for _, number in taken) == count
    first, last = taken[0][0], taken[-1][0]
    spent = [late - early for early, late in zip(before, after, strict=True)]
    return Assigned(count, last - first, settled - first, *spent, sum(each["cpu_s"] for each in told))


@contextlib.contextmanager
def _standin(url: str, name: str, file: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.bench._standin", url, name, str(file)]
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "here\n"
            yield child
        finally:
            if child.poll() is None:
                child.kill()


def _end(child: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = child.communicate(timeout=30)
    found: dict[str, Any] = json.loads(output)
    return found


# -- a gateway without a fleet --------------------------------------------------------------------------------------


def without_fleet(starts: int = STARTS) -> None:
    """Print the start and the memory of a gateway without [fleet], beside those of another checkout."""
    trees = {"now": Path(__file__).parent.parent.parent}
    if before := os.environ.get("GSMGW_BEFORE"):
        trees["before"] = Path(before)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in trees}
    for tree in trees.values():  # compiles its modules
        _start(tree)
    for _ in range(starts):
        for name, tree in trees.items():
            found[name].append(_start(tree))
    for at, words in enumerate(("start", "memory")):
        each = {name: statistics.median(pair[at] for pair in pairs) for name, pairs in found.items()}
        told = ", ".join(
            f"{name} {value:.3f} s" if at == 0 else f"{name} {value:.1f} MB" for name, value in each.items()
        )
        ratio = f": ratio {each['now'] / each['before']:.3f}" if "before" in each else ""
        print(f"gateway without [fleet], {words}: {told}{ratio}; {machine()}", flush=True)


def _start(tree: Path) -> tuple[float, float]:
    """Return the seconds until a gateway of that checkout answers, and its memory a moment later."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "gsmgw.toml").write_text(
            f'[gateway]\nstate_dir = "{directory}/state"\nsocket = "{directory}/s"\n[modems]\ndiscover = false\n'
        )
        with (place / "out").open("wb") as log:
            began = time.perf_counter()
            child = subprocess.Popen(
                [sys.executable, "-m", "gsmgw", "run", "--config", str(place / "gsmgw.toml")],
                cwd=tree,
                stdout=log,
                stderr=log,
            )
            try:
                until(lambda: _answers(place / "s"))
                took_s = time.perf_counter() - began
                time.sleep(1)  # until it is at rest
                return took_s, memory_mb(child.pid)
            finally:
                child.kill()
                child.wait()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


if __name__ == "__main__":
    main()
