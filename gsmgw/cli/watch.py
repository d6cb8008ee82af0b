"""gsmgw watch, and events as lines for people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from gsmgw.cli.common import json_lines_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import say, shown
from gsmgw.cli.waiting import local_time
from gsmgw.client import Client, NoDaemon

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources

#: Interval of the attempts to reach a gateway that went away, seconds.
RETRY_S = 1.0


def describe_event(event: resources.Event) -> str:
    """Return an event as one readable line."""
    data = event["data"]
    words = [event["type"]]
    if event["modem"]:
        words.append(f"[{event['modem']}]")
    if event["message_id"]:
        words.append(event["message_id"])
    if "from" in data:
        words.append(f"from {data['from']}")
    elif data.get("to"):
        words.append(f"to {data['to']}")
    elif data.get("number"):
        words.append(str(data["number"]))
    for name in ("name", "rule", "change", "state", "detail", "reason", "waiting", "segment", "problem", "text"):
        if data.get(name) is not None:
            words.append(f"{name} {data[name]}" if name == "segment" else str(data[name]))
    if isinstance(error := data.get("error"), dict):
        words.append(str(error["title"]))
    return "  ".join(map(shown, dict.fromkeys(words)))  # the cause of a pause is also the error


@click.command()
@click.option(
    "--types",
    default="",
    help="Show only these event types, separated by commas; message.* for a group (default: all).",
)
@click.option("--after", type=int, help="Start after this event ID (default: now).")
@json_lines_option
@click.pass_context
@talks
def watch(context: click.Context, types: str, after: int | None, as_json: bool) -> None:
    """Follow events as they happen, until Ctrl-C. Continues where it was after a restart of the gateway."""
    wanted = [name for name in types.split(",") if name]
    with connect(context) as client:
        last = client.stats()["last_event"]  # fails at once if the gateway is not reachable
    try:
        for event in _events(lambda: connect(context), last if after is None else after, wanted):
            if as_json:
                print_json(event)
            else:
                say(f"{local_time(event['at'])}  {describe_event(event)}")
    except KeyboardInterrupt:
        return


def _events(reach: Callable[[], Client], cursor: int, types: list[str]) -> Iterator[resources.Event]:
    """Yield events without end; say when the gateway went away, and when it is back."""
    while True:
        reason = "it closed the connection"
        try:
            with reach() as client:
                for event in client.events(cursor, types, resume=False):
                    cursor = event["id"]
                    yield event
        except NoDaemon as exc:
            reason = exc.reason
        say(f"gsmgw: the gateway at {client.where} went away ({reason}); waiting for it", err=True)
        time.sleep(RETRY_S)  # a gateway that stops may still accept connections for a moment
        while not _answers(reach):
            time.sleep(RETRY_S)
        say("gsmgw: the gateway is back", err=True)


def _answers(reach: Callable[[], Client]) -> bool:
    """Ask over a new connection: a gateway that stops still answers over those that it has."""
    try:
        with reach() as client:
            client.stats()
    except NoDaemon:
        return False
    return True
