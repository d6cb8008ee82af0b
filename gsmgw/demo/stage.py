"""Parts of every demonstration: its story, its processes, its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.markup import escape

from gsmgw.client import AsyncClient, NoDaemon
from gsmgw.escaping import visible
from gsmgw.wire import resources

Json = dict[str, Any]

START_TIMEOUT_S = 20.0
STEP_TIMEOUT_S = 15.0
#: The line that `gsmgw web` prints when it listens.
_ADDRESS = re.compile(r"the dashboard is at (\S+)")


class DemoFailed(Exception):
    """A step of the demonstration failed."""


class Story:
    """Prints lines with the milliseconds since the step began."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._began = time.perf_counter()

    def step(self, text: str) -> None:
        """Begin a step."""
        self._console.print(f"\n[bold]{safe(text)}[/]")
        self._began = time.perf_counter()

    def line(self, text: str, style: str = "") -> None:
        """Print what has happened, with the time since the step began."""
        passed_ms = (time.perf_counter() - self._began) * 1000
        body = f"[{style}]{safe(text)}[/]" if style else safe(text)
        self._console.print(f"  [dim]{passed_ms:8.1f} ms[/]  {body}")

    def plain(self, text: str) -> None:
        """Print a line with markup."""
        self._console.print(text)


def control_of(path: Path, **request: Any) -> Json:
    """Send a request to the simulator's control socket."""
    import socket

    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(STEP_TIMEOUT_S)
        channel.connect(str(path))
        channel.sendall(json.dumps(request).encode() + b"\n")
        with channel.makefile("rb") as answers:
            answer: Json = json.loads(answers.readline())
    if not answer.get("ok"):
        raise DemoFailed(str(answer.get("error")))
    return answer


@contextlib.contextmanager
def process(
    directory: Path, name: str, *arguments: str, program: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module, or a program, as a child process within the block, with its output in a file."""
    with (directory / f"{name}.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", *arguments] if program is None else [program, *arguments],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def all_events(client: AsyncClient, cursor: int, kind: str) -> AsyncGenerator[resources.Event, None]:
    """Return the events of a kind; the caller closes them."""
    return cast("AsyncGenerator[resources.Event, None]", client.events(cursor, types=[kind]))


async def events_of(client: AsyncClient, cursor: int, message_id: str) -> AsyncGenerator[resources.Event, None]:
    """Yield the events of a message."""
    async with asyncio.timeout(STEP_TIMEOUT_S), contextlib.aclosing(all_events(client, cursor, "message.*")) as events:
        async for event in events:
            if event["message_id"] == message_id:
                yield event


def free_address() -> str:
    """Return an address of this machine that nothing listens at."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


async def show_dashboard(story: Story, client: AsyncClient, log: Path, web: subprocess.Popen[bytes], hint: str) -> None:
    """Print the address of the dashboard with the code for its first account. Without the extra there is none."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while web.poll() is None and time.monotonic() < deadline:
        found = _ADDRESS.search(await asyncio.to_thread(log.read_text, errors="replace"))
        if found is not None:
            code = (await client.create_setup_code())["code"]
            story.plain("\nThe dashboard, with the code to make your account:\n")
            story.plain(f"  [bold]{safe(found[1])}setup?code={code}[/]\n")
            story.plain(hint)
            return
        await asyncio.sleep(0.05)


async def stay(story: Story, *children: subprocess.Popen[bytes]) -> None:
    """Keep everything running until Ctrl-C."""
    story.plain("\nCtrl-C ends it.")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    waiter = asyncio.create_task(stop.wait())
    while not stop.is_set():
        await asyncio.wait({waiter}, timeout=1.0)
        if any(child.poll() is not None for child in children):
            waiter.cancel()
            raise DemoFailed("a process exited")


def safe(text: str) -> str:
    """Return a text with rich markup and control characters escaped."""
    return escape(visible(text))


def perform(tell: Callable[[Path], Awaitable[None]]) -> int:
    """Run a demonstration in a directory of its own. Return 0 if all messages arrived."""

    async def run() -> None:
        await tell(directory)

    directory = Path(tempfile.mkdtemp(prefix="gsmgw-demo-"))
    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        return 130
    except (DemoFailed, TimeoutError, NoDaemon) as exc:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"\nThe demo failed: {safe(str(exc)) or 'a step took too long'}")
        for log in sorted(directory.glob("*.log")):
            console.print(f"--- end of {log.name}")
            for line in log.read_text(errors="replace").splitlines()[-15:]:
                console.print(safe(line))
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 0
