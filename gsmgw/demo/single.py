"""``gsmgw demo``: send and receive without hardware. Only the modems are simulated."""

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
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from gsmgw.client import AsyncClient, NoDaemon
from gsmgw.escaping import visible
from gsmgw.wire import resources

Json = dict[str, Any]

START_TIMEOUT_S = 20.0
#: What `gsmgw web` prints when it listens.
_ADDRESS = re.compile(r"the dashboard is at (\S+)")
STEP_TIMEOUT_S = 15.0

ANNA, BORIS, CHLOE = "+4915112345671", "+4915112345672", "+4915112345673"
NAMES = {ANNA: "Anna", BORIS: "Boris", CHLOE: "Chloe"}

SHORT = "Your table for two is ready."
LONG = (
    "Dear guest, thank you for booking with us. Your table is reserved for Saturday at 19:30, for four persons, on the "
    "terrace if the weather allows it and by the window if it does not. The kitchen takes orders until 22:00. Should "
    "anyone in your party have an allergy, just answer this message and we shall see to it. To cancel, answer NO. "
    "We look forward to seeing you at our house this Saturday evening."
)
GREEK = "Καλημέρα! Το τραπέζι σας είναι έτοιμο 🎉"
ANSWER = (
    "Thank you! We are four persons, and one of us cannot eat nuts; could you also bring a high chair for the little "
    "one? If it is not too much trouble we would rather sit inside, because my mother-in-law feels the cold easily. "
    "See you on Saturday, we look forward to it very much!"
)
assert len(LONG) == 400


class DemoFailed(Exception):
    """A step of the demonstration failed."""


class _Story:
    """Prints lines with the milliseconds since the step began."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._began = time.perf_counter()

    def step(self, text: str) -> None:
        self._console.print(f"\n[bold]{_safe(text)}[/]")
        self._began = time.perf_counter()

    def line(self, text: str, style: str = "") -> None:
        passed_ms = (time.perf_counter() - self._began) * 1000
        body = f"[{style}]{_safe(text)}[/]" if style else _safe(text)
        self._console.print(f"  [dim]{passed_ms:8.1f} ms[/]  {body}")

    def plain(self, text: str) -> None:
        self._console.print(text)


def _control(path: Path, **request: Any) -> Json:
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
def _process(directory: Path, name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module as a child process within the block, with its output in a file."""
    with (directory / f"{name}.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", *arguments],
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


def _write_config(directory: Path) -> Path:
    path = directory / "gsmgw.toml"
    modems = "\n".join(
        f'[[modem]]\nname = "{name}"\nport = "{directory}/tty/modem{number}"'
        for number, name in enumerate(("east", "west"))
    )
    path.write_text(
        f'[gateway]\nstate_dir = "{directory}/state"\nsocket = "{directory}/gsmgw.sock"\ncountry = "DE"\n'
        f"[modems]\ndiscover = false\n{modems}\n"
    )
    return path


async def _until_ready(client: AsyncClient, *children: subprocess.Popen[bytes]) -> list[resources.Modem]:
    """Wait until both modems are ready; returns them."""
    async with asyncio.timeout(START_TIMEOUT_S):
        while True:
            for child in children:
                if child.poll() is not None:
                    raise DemoFailed("a process exited during startup")
            with contextlib.suppress(NoDaemon):
                modems = await client.modems()
                if len(modems) == 2 and all(modem["state"] == "ready" and modem["number"] for modem in modems):
                    return modems
            await asyncio.sleep(0.02)


async def _deliver(story: _Story, client: AsyncClient, control: Path, to: str, text: str, what: str) -> None:
    """Send a message, show its progress, and check that the phone received it."""
    cursor = (await client.stats())["last_event"]
    story.step(f"{what}, to {NAMES[to]} ({to})")
    message = await client.send(to, text)
    parts = f", {message['segments']} segments" if message["segments"] > 1 else ""
    story.line(f"accepted and saved to disk as {message['id']} ({message['encoding']}{parts})")
    async for event in _events_of(client, cursor, message["id"]):
        kind = event["type"].removeprefix("message.")
        if kind == "sending":
            story.line(f"modem {event['modem']} is sending it")
        elif kind == "segment_sent":
            story.line(f"segment {event['data']['segment']} of {event['data']['segments']} accepted by the network")
        elif kind == "sent":
            story.line("sent: the network accepted it")
        elif kind == "delivered":
            story.line("delivered: the phone confirmed it", "green")
            break
        elif kind in ("failed", "undelivered", "expired"):
            raise DemoFailed(f"{kind}: {event['data']}")
    received = _control(control, op="phone", number=to)["received"]
    if [entry["text"] for entry in received] != [text]:
        raise DemoFailed(f"the phone of {NAMES[to]} shows something else: {received}")
    shown = text if len(text) < 70 else text[:66] + " ..."
    story.line(f'on the phone of {NAMES[to]}: "{shown}"', "cyan")


async def _events_of(client: AsyncClient, cursor: int, message_id: str) -> AsyncIterator[resources.Event]:
    async with asyncio.timeout(STEP_TIMEOUT_S):
        async for event in client.events(cursor, types=["message.*"]):
            if event["message_id"] == message_id:
                yield event


async def _answer(story: _Story, client: AsyncClient, control: Path, modem: resources.Modem) -> None:
    """Send a message from a phone, and wait until it is received."""
    cursor = (await client.stats())["last_event"]
    story.step(f"{NAMES[ANNA]} answers with {len(ANSWER)} characters, to modem {modem['name']} ({modem['number']})")
    answer = _control(control, op="send", **{"from": ANNA, "to": modem["number"], "text": ANSWER})
    story.line(f"her phone sends it in {answer['segments']} segments")
    async with asyncio.timeout(STEP_TIMEOUT_S):
        async for event in client.events(cursor, types=["message.received"]):
            message = await client.message(event["message_id"] or "")
            story.line(f"received by modem {message['modem']}, joined, saved to disk as {message['id']}", "green")
            if message["text"] != ANSWER or message["from"] != ANNA:
                raise DemoFailed(f"the received message differs: {message}")
            story.line(f'"{message["text"][:66]} ..."', "cyan")
            return


async def _tell(directory: Path, once: bool) -> None:
    story = _Story()
    control, socket_path = directory / "hw-sim.sock", directory / "gsmgw.sock"
    story.plain("[bold]gsmgw demo[/]: two simulated modems, three phones, and the real gateway between them")
    story.step("Start")
    simulator = _process(
        directory, "hw-sim", "hw_sim", "run", "--modems", "2", "--dir", f"{directory}/tty", "--control", str(control)
    )
    gateway = _process(directory, "gsmgw", "gsmgw", "run", "--config", str(_write_config(directory)))
    with simulator as sim_process, gateway as gateway_process:
        async with AsyncClient(socket_path) as client:
            modems = await _until_ready(client, sim_process, gateway_process)
            for modem in modems:
                story.line(
                    f"modem {modem['name']} is ready: {modem['operator']}, {modem['signal_dbm']} dBm, {modem['number']}"
                )
            for number in NAMES:
                _control(control, op="phone", number=number)
            await _deliver(story, client, control, ANNA, SHORT, "A short text")
            await _deliver(story, client, control, BORIS, LONG, "A text of 400 characters")
            await _deliver(story, client, control, CHLOE, GREEK, "Greek, with an emoji")
            await _answer(story, client, control, modems[0])
            story.plain("\n[bold green]Everything arrived.[/]")
            if not once:
                options = ("--listen", _free_address(), "--simulator", str(control))
                with _process(directory, "web", "gsmgw", "--socket", str(socket_path), "web", *options) as web:
                    await _show_dashboard(story, client, directory / "web.log", web)
                    await _stay(story, socket_path, control, sim_process, gateway_process)


def _free_address() -> str:
    """Return an address of this machine that nothing listens at."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


async def _show_dashboard(story: _Story, client: AsyncClient, log: Path, web: subprocess.Popen[bytes]) -> None:
    """Print the address of the dashboard with the code for its first account. Without the extra there is none."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while web.poll() is None and time.monotonic() < deadline:
        found = _ADDRESS.search(await asyncio.to_thread(log.read_text, errors="replace"))
        if found is not None:
            code = (await client.create_setup_code())["code"]
            story.plain("\nThe dashboard, with the code to make your account:\n")
            story.plain(f"  [bold]{_safe(found[1])}setup?code={code}[/]\n")
            story.plain("It leads through the first steps. Its page Simulator shows the phones: answer as one of them.")
            return
        await asyncio.sleep(0.05)


async def _stay(story: _Story, socket_path: Path, control: Path, *children: subprocess.Popen[bytes]) -> None:
    """Keep the gateway running until Ctrl-C."""
    bin_dir = Path(sys.executable).parent
    ours = bin_dir / "gsmgw"
    story.plain(f"\nThe gateway keeps running. Its socket is [bold]{socket_path}[/]. In another terminal, try:\n")
    story.plain(
        f"  {ours} --socket {socket_path} send {ANNA} 'Hello Anna' --wait",
    )
    story.plain(f"  {bin_dir / 'hw-sim'} send --control {control} --from {BORIS} --to modem0 'Hello gateway'")
    story.plain(f"  curl --unix-socket {socket_path} 'http://gsmgw/v1/messages?limit=3'")
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


def _safe(text: str) -> str:
    """Return a text with rich markup and control characters escaped."""
    return escape(visible(text))


def tell(*, once: bool) -> int:
    """Run the demonstration. Return 0 if all messages arrived."""
    directory = Path(tempfile.mkdtemp(prefix="gsmgw-demo-"))
    try:
        asyncio.run(_tell(directory, once))
    except KeyboardInterrupt:
        return 130
    except (DemoFailed, TimeoutError, NoDaemon) as exc:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"\nThe demo failed: {_safe(str(exc)) or 'a step took too long'}")
        for log in sorted(directory.glob("*.log")):
            console.print(f"--- end of {log.name}")
            for line in log.read_text(errors="replace").splitlines()[-15:]:
                console.print(_safe(line))
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 0
