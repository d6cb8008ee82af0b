"""Times of the API in the local time zone, and what a message waits for, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources

#: Values of :class:`gsmgw.model.WaitReason`, whose import would take half of the time of a command.
SCHEDULED, EVIDENCE = "scheduled", "evidence"


def local_time(stamp: str | None) -> str:
    """Return a time of the API in the local time zone; today's times without the date."""
    if not stamp:
        return ""
    moment = datetime.fromisoformat(stamp).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return moment.strftime("%H:%M:%S" if moment.date() == today else "%Y-%m-%d %H:%M")


def local_moment(stamp: str | None) -> str:
    """Return a time of the API in the local time zone, always with its date and its seconds."""
    return f"{datetime.fromisoformat(stamp).astimezone():%Y-%m-%d %H:%M:%S}" if stamp else ""


def waits_for(message: resources.Message) -> str:
    """Return why a message is not sent yet, and when it will be tried next; empty if it is not waiting."""
    waiting = message.get("waiting_for")
    if not waiting:
        return ""
    if waiting["word"] == SCHEDULED:
        return f"scheduled for {local_time(waiting['until'])}"
    return waiting["sentence"] + (f"; {next_try(message)}" if waiting["until"] else "")


def next_try(message: resources.Message) -> str:
    """Return when a message will be tried next; empty if that is not known."""
    waiting = message.get("waiting_for")
    if not waiting or not waiting["until"]:
        return ""
    words = "decided at" if waiting["word"] == EVIDENCE else "next try at"
    return f"{words} {local_time(waiting['until'])}"


def status_words(message: resources.Message) -> str:
    """Return the status for a listing: with the time of the next try, or the time that it is scheduled for."""
    waiting = message.get("waiting_for")
    if waiting and waiting["word"] == SCHEDULED:
        return waits_for(message)
    return ", ".join(filter(None, (str(message["status"]), next_try(message))))
