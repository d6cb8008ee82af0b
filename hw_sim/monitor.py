"""The live view of ``hw-sim live``: modems, phones, traffic, read through the control socket."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .control.client import Answer, request

REGISTRATION = ("idle", "home", "searching", "denied", "unknown", "roaming")
LINES = 14


def modems_table(status: Answer) -> Table:
    """Return the modems of a status answer as a table."""
    table = Table(title="modems", expand=True)
    for column in ("name", "port", "number", "profile", "SIM", "network", "signal", "storage", "waiting", "faults"):
        table.add_column(column)
    for modem in status["modems"]:
        storage = " ".join(f"{name} {used}/{size}" for name, (used, size) in modem["storage"].items() if used)
        stat = modem["registration"]
        table.add_row(
            modem["name"],
            modem["path"] or "[red]unplugged",
            modem["number"],
            modem["profile"],
            modem["sim"],
            REGISTRATION[stat] if stat < len(REGISTRATION) else str(stat),
            str(modem["signal"]),
            storage or "empty",
            str(modem["waiting"] or ""),
            "[red]" + ", ".join(modem["faults"]) if modem["faults"] else "",
        )
    return table


def phones_table(status: Answer) -> Table:
    """Return the phones as a table, the busiest first."""
    table = Table(title="phones", expand=True)
    for column in ("number", "received", "sent", "on"):
        table.add_column(column)
    for phone in sorted(status["phones"], key=lambda p: -p["received"] - p["sent"])[:LINES]:
        table.add_row(phone["number"], str(phone["received"]), str(phone["sent"]), "yes" if phone["on"] else "[red]off")
    return table


def event_line(event: dict[str, Any]) -> Text:
    """Return an event as a line."""
    clock = time.strftime("%H:%M:%S", time.localtime(event["t"]))
    kind = event["event"]
    style = {"submit": "cyan", "deliver": "green", "report": "blue", "fault": "red"}.get(kind, "")
    if kind == "submit":
        what = f"{event['modem']} -> {event['to']}  {event['text']}"
    elif kind == "deliver":
        what = f"{event['sender']} -> {event['modem']}  {event['text']}"
    elif kind == "report":
        what = f"{event['modem']} <- {event['to']}  reference {event['reference']} status {event['status']}"
    else:
        what = f"{event.get('modem')}  {event.get('kind')}"
    return Text.assemble((f"{clock} ", "dim"), (f"{kind:8}", style), what.replace("\n", " ")[:120])


def view(status: Answer, traffic: deque[Text], rate: float) -> Group:
    """Return the whole screen."""
    counts = ", ".join(f"{name} {count}" for name, count in sorted(status["events"].items())) or "no events yet"
    return Group(
        modems_table(status), phones_table(status), Text(f"{counts}; {rate:.1f} events/s", style="bold"), *traffic
    )


def watch(control: str, every_s: float = 0.5, console: Console | None = None, rounds: int | None = None) -> None:
    """Show the view until interrupted (or ``rounds`` times). Raises ControlError when the simulator has ended."""
    traffic: deque[Text] = deque(maxlen=LINES)
    following, shown = 0, 0
    with Live(console=console, refresh_per_second=4, screen=False) as live:
        while rounds is None or shown < rounds:
            answer = request(control, "events", after=following, limit=100_000)
            rate = len(answer["events"]) / every_s if shown else 0.0
            traffic.extend(event_line(event) for event in answer["events"][-LINES:])
            following = answer["next"]
            live.update(view(request(control, "status"), traffic, rate))
            shown += 1
            if rounds is None or shown < rounds:
                time.sleep(every_s)
