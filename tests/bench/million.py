"""A million messages through the whole gateway: submitted over its API, then sent by four simulated modems.

What a message costs (CPU of the gateway's process) and what the gateway takes up is told in portions, so that
growth is seen. Machines that others share are not equally fast for half an hour: each portion's cost is held against a
fixed piece of work that is done again and again meanwhile. $GSMGW_MILLION is another number of messages.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client
from tests.bench.gateway import _cpu_s, _memory_mb

COUNT = int(os.environ.get("GSMGW_MILLION", "1000000"))
MODEMS, BATCH, PORTIONS = 4, 10_000, 20
SUBMIT = b'"event": "submit"'


@dataclass(frozen=True)
class Portion:
    """A twentieth of the messages: CPU seconds, those of the fixed work, seconds, and megabytes at its end."""

    cpu_s: float
    fixed_s: float
    took_s: float
    memory_mb: float


def _fixed_work_s() -> float:
    """CPU seconds of some arithmetic and some memory."""
    began, kept, total = time.process_time(), {}, 0
    for number in range(20_000):
        kept[number % 997] = total
        total += number * number % 7
    return time.process_time() - began


class Watch:
    """Costs of a portion."""

    def __init__(self, place: Site, what: str) -> None:
        self._place, self._what = place, what
        self.portions: list[Portion] = []
        self._lap()

    def _lap(self) -> None:
        self._cpu, self._at = _cpu_s(self._place), time.perf_counter()
        self._fixed: list[float] = []

    def compare(self) -> None:
        """Do the fixed work once."""
        self._fixed.append(_fixed_work_s())

    def portion(self) -> None:
        """One more is through."""
        each = COUNT // PORTIONS
        found = Portion(
            _cpu_s(self._place) - self._cpu,
            statistics.median(self._fixed),
            time.perf_counter() - self._at,
            _memory_mb(self._place),
        )
        self.portions.append(found)
        print(
            f"{self._what} {len(self.portions) * each}: {found.cpu_s / each * 1e6:.0f} us of CPU each "
            f"(fixed work: {found.fixed_s * 1e6:.0f}), {each / found.took_s:.0f} texts/s, {found.memory_mb:.0f} MB",
            flush=True,
        )
        self._lap()

    def end(self) -> None:
        """The last fifth against the first one; what is made at the first use belongs to neither."""
        first, last = self.portions[1:5], self.portions[-4:]
        cost = sum(one.cpu_s for one in last) / sum(one.cpu_s for one in first)
        fair = sum(one.cpu_s / one.fixed_s for one in last) / sum(one.cpu_s / one.fixed_s for one in first)
        memory = last[-1].memory_mb - first[-1].memory_mb
        print(
            f"{self._what}: at the end {cost:.2f} of the CPU at the start, {fair:.2f} of it held against the fixed "
            f"work, {memory:+.0f} MB",
            flush=True,
        )


def main() -> None:
    """Print what each portion costs, and the end against the start."""
    with (
        tempfile.TemporaryDirectory() as directory,
        site(Path(directory), MODEMS) as place,
        place.start() as client,
    ):
        until(lambda: all(modem["state"] == "ready" for modem in client.modems()))
        for number in range(MODEMS):
            client.modem(f"m{number}", "disable")
        _submit(place, client)
        for number in range(MODEMS):
            client.modem(f"m{number}", "enable")
        _drain(place)
        until(lambda: not client.stats()["messages"], 120)
        print(f"sent: {len(place.copies())} kinds of text, {sum(place.copies().values())} texts")


def _submit(place: Site, client: Client) -> None:
    watch = Watch(place, "submitting")
    for at in range(0, COUNT, BATCH):
        answers = client.send_many(
            [
                {"to": f"+4915{number:08d}", "text": f"text {number}", "delivery_report": False}
                for number in range(at, min(at + BATCH, COUNT))
            ]
        )
        assert all("id" in answer for answer in answers)
        watch.compare()
        if (at + BATCH) % (COUNT // PORTIONS) == 0:
            watch.portion()
    watch.end()


def _drain(place: Site) -> None:
    watch, seen, piece = Watch(place, "sending"), 0, b""
    with place.sim_log.open("rb") as log:
        while len(watch.portions) < PORTIONS:
            while seen < (len(watch.portions) + 1) * (COUNT // PORTIONS):
                time.sleep(0.1)  # seldom: the looking is not to be measured
                watch.compare()
                rest, piece = piece[-len(SUBMIT) + 1 :], log.read()
                seen += (rest + piece).count(SUBMIT)  # one may be cut in two
            watch.portion()
    watch.end()
