"""Shared fixtures: above all, no test may leave a task, a thread or a descriptor behind."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Iterator

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: Files whose tests share a gateway, or one run of other people's programs.
TOGETHER = frozenset(
    {
        "tests/conformance/test_programs.py",
        "tests/docs/test_examples.py",
        "tests/scenario/test_cli.py",
        "tests/scenario/test_schema.py",
        "tests/scenario/test_sendfile.py",
    }
)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Twice as many workers as cores, as most tests wait for a modem, a disk or a process; four at the most."""
    return min(4, 2 * len(os.sched_getaffinity(0)))


class Scheduler(LoadScopeScheduling):
    """Gives a free worker the next test; those of TOGETHER go to one worker, file by file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduler | None:
    """For ``-n N`` without ``--dist``."""
    return Scheduler(config, log) if config.getvalue("dist") == "load" else None


def _descriptors() -> dict[int, str]:
    found: dict[int, str] = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # the descriptor of the listing itself
            continue
    return found


def _left(threads: set[threading.Thread], descriptors: dict[int, str]) -> list[str]:
    left = [f"thread {t.name}" for t in threading.enumerate() if t not in threads and t.is_alive()]
    left += [f"descriptor {fd} -> {to}" for fd, to in _descriptors().items() if descriptors.get(fd) != to]
    return left


@pytest.fixture(autouse=True)
def nothing_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves an asyncio task, a thread or an open descriptor behind."""
    tasks: list[str] = []
    cancel_all = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]

    def record(loop: asyncio.AbstractEventLoop) -> None:
        tasks.extend(f"task {task!r}" for task in asyncio.all_tasks(loop))
        cancel_all(loop)

    monkeypatch.setattr(asyncio.runners, "_cancel_all_tasks", record)
    threads, descriptors = set(threading.enumerate()), _descriptors()
    yield
    left = _left(threads, descriptors)
    deadline = time.monotonic() + 2.0
    while left and time.monotonic() < deadline:  # a thread that is ending needs a moment
        gc.collect()
        time.sleep(0.01)
        left = _left(threads, descriptors)
    assert not tasks + left, "left behind: " + "; ".join(tasks + left)
