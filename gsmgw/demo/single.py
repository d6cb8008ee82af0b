"""``gsmgw demo``: send and receive without hardware. Only the modems are simulated."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from functools import partial
from pathlib import Path

from gsmgw.client import AsyncClient, NoDaemon
from gsmgw.demo.stage import (
    START_TIMEOUT_S,
    STEP_TIMEOUT_S,
    DemoFailed,
    Story,
    control_of,
    events_of,
    free_address,
    perform,
    process,
    show_dashboard,
    stay,
)
from gsmgw.wire import resources

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
_HINT = "It leads through the first steps. Its page Simulator shows the phones: answer as one of them."


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


async def _deliver(story: Story, client: AsyncClient, control: Path, to: str, text: str, what: str) -> None:
    """Send a message, show its progress, and check that the phone received it."""
    cursor = (await client.stats())["last_event"]
    story.step(f"{what}, to {NAMES[to]} ({to})")
    message = await client.send(to, text)
    parts = f", {message['segments']} segments" if message["segments"] > 1 else ""
    story.line(f"accepted and saved to disk as {message['id']} ({message['encoding']}{parts})")
    async for event in events_of(client, cursor, message["id"]):
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
    received = control_of(control, op="phone", number=to)["received"]
    if [entry["text"] for entry in received] != [text]:
        raise DemoFailed(f"the phone of {NAMES[to]} shows something else: {received}")
    shown = text if len(text) < 70 else text[:66] + " ..."
    story.line(f'on the phone of {NAMES[to]}: "{shown}"', "cyan")


async def _answer(story: Story, client: AsyncClient, control: Path, modem: resources.Modem) -> None:
    """Send a message from a phone, and wait until it is received."""
    cursor = (await client.stats())["last_event"]
    story.step(f"{NAMES[ANNA]} answers with {len(ANSWER)} characters, to modem {modem['name']} ({modem['number']})")
    answer = control_of(control, op="send", **{"from": ANNA, "to": modem["number"], "text": ANSWER})
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
    story = Story()
    control, socket_path = directory / "hw-sim.sock", directory / "gsmgw.sock"
    story.plain("[bold]gsmgw demo[/]: two simulated modems, three phones, and the real gateway between them")
    story.step("Start")
    simulator = process(
        directory, "hw-sim", "hw_sim", "run", "--modems", "2", "--dir", f"{directory}/tty", "--control", str(control)
    )
    gateway = process(directory, "gsmgw", "gsmgw", "run", "--config", str(_write_config(directory)))
    with simulator as sim_process, gateway as gateway_process:
        async with AsyncClient(socket_path) as client:
            modems = await _until_ready(client, sim_process, gateway_process)
            for modem in modems:
                story.line(
                    f"modem {modem['name']} is ready: {modem['operator']}, {modem['signal_dbm']} dBm, {modem['number']}"
                )
            for number in NAMES:
                control_of(control, op="phone", number=number)
            await _deliver(story, client, control, ANNA, SHORT, "A short text")
            await _deliver(story, client, control, BORIS, LONG, "A text of 400 characters")
            await _deliver(story, client, control, CHLOE, GREEK, "Greek, with an emoji")
            await _answer(story, client, control, modems[0])
            story.plain("\n[bold green]Everything arrived.[/]")
            if not once:
                options = ("--listen", free_address(), "--simulator", str(control))
                with process(directory, "web", "gsmgw", "--socket", str(socket_path), "web", *options) as web:
                    await show_dashboard(story, client, directory / "web.log", web, _HINT)
                    _show_commands(story, socket_path, control)
                    await stay(story, sim_process, gateway_process)


def _show_commands(story: Story, socket_path: Path, control: Path) -> None:
    bin_dir = Path(sys.executable).parent
    story.plain(f"\nThe gateway keeps running. Its socket is [bold]{socket_path}[/]. In another terminal, try:\n")
    story.plain(
        f"  {bin_dir / 'gsmgw'} --socket {socket_path} send {ANNA} 'Hello Anna' --wait",
    )
    story.plain(f"  {bin_dir / 'hw-sim'} send --control {control} --from {BORIS} --to modem0 'Hello gateway'")
    story.plain(f"  curl --unix-socket {socket_path} 'http://gsmgw/v1/messages?limit=3'")


def tell(*, once: bool) -> int:
    """Run the demonstration. Return 0 if all messages arrived."""
    return perform(partial(_tell, once=once))
