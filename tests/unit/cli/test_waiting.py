"""The reason why a message waits, and the time of its next attempt, in the time of the reader."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any, Self, cast

import pytest

from gsmgw.cli import waiting
from gsmgw.cli.waiting import local_moment, local_time, next_try, status_words, waits_for
from gsmgw.wire import resources

NOON = datetime.now().astimezone().replace(hour=12, minute=0, second=5, microsecond=0)
TOMORROW = NOON + timedelta(days=1)


class _Now(datetime):
    """A clock that shows the day of NOON, also when midnight passes during the tests."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(NOON.timestamp(), tz)


@pytest.fixture(autouse=True)
def the_day_of_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "datetime", _Now)


def message(word: str | None, until: datetime | None = None) -> resources.Message:
    waiting = {"word": word, "sentence": "network busy", "until": None if until is None else until.isoformat()}
    found: dict[str, Any] = {"status": "scheduled" if word == "scheduled" else "queued"}
    return cast("resources.Message", {**found, "waiting_for": waiting if word else None})


@pytest.mark.parametrize(
    ("word", "until", "waits", "status"),
    [
        (None, None, "", "queued"),
        ("modem", None, "network busy", "queued"),
        ("retry", NOON, "network busy; next try at 12:00:05", "queued, next try at 12:00:05"),
        ("limit", NOON, "network busy; next try at 12:00:05", "queued, next try at 12:00:05"),
        ("evidence", NOON, "network busy; decided at 12:00:05", "queued, decided at 12:00:05"),
        ("scheduled", NOON, "scheduled for 12:00:05", "scheduled for 12:00:05"),
        ("scheduled", TOMORROW, f"scheduled for {TOMORROW:%Y-%m-%d} 12:00", f"scheduled for {TOMORROW:%Y-%m-%d} 12:00"),
    ],
)
def test_what_it_waits_for(word: str | None, until: datetime | None, waits: str, status: str) -> None:
    found = message(word, until)
    assert (waits_for(found), status_words(found)) == (waits, status)
    assert bool(next_try(found)) is (until is not None)


def test_times() -> None:
    assert local_time(NOON.isoformat()) == "12:00:05"
    assert local_moment(NOON.isoformat()) == f"{NOON:%Y-%m-%d} 12:00:05"
    assert (local_time(None), local_moment(None)) == ("", "")
