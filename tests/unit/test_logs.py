"""The log: nothing that modems, callers or receivers say can forge a line, numbers are masked, floods are short."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from support.waiting import GENEROUS_S

from gsmgw import logs
from gsmgw.logs import (
    EscapingFormatter,
    FloodFilter,
    GroupingHandler,
    LogSettings,
    configure,
    formatter_for,
    is_journal,
)

FORGED = "office\n2026-11-27 12:00:00,000 INFO gsmgw.api: all is well\r\x1b[2J\x9b31m\u2028\u202e\udcff"


class Elapsed:
    """Seconds of a clock that a test moves."""

    s = 1000.0


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(EscapingFormatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.Logger("gsmgw.test")
    logger.addHandler(handler)
    yield logger, out
    handler.close()


def test_a_record_is_one_line_of_visible_text(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = log
    logger.warning("path %s", FORGED)
    (line,) = out.getvalue().splitlines()
    assert line.startswith(r"WARNING gsmgw.test: path office\n2026-11-27")
    assert line.endswith(r"\r\x1b[2J\x9b31m\u2028\u202e\udcff")
    assert line.isprintable()


def test_no_line_of_a_traceback_looks_like_a_record(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = log
    try:
        raise ValueError(FORGED)
    except ValueError:
        logger.exception("failed", stack_info=True)
    first, *others = out.getvalue().splitlines()
    assert first == "ERROR gsmgw.test: failed"
    assert others
    assert all(line.startswith("  | ") and line.isprintable() for line in others)


@pytest.fixture
def limited(log: tuple[logging.Logger, io.StringIO], monkeypatch: pytest.MonkeyPatch) -> tuple[logging.Logger, Elapsed]:
    """A logger that limits similar records, and the time that has passed for it."""
    logger, _ = log
    logger.handlers[0].addFilter(FloodFilter())
    elapsed = Elapsed()
    monkeypatch.setattr(logs.time, "monotonic", lambda: elapsed.s)
    return logger, elapsed


def test_a_flood_of_records_is_logged_once_in_a_while_with_a_count(
    log: tuple[logging.Logger, io.StringIO], limited: tuple[logging.Logger, Elapsed]
) -> None:
    (logger, elapsed), (_, out) = limited, log
    for number in range(10_000):
        logger.info("%s: refused %d", "office", number)
    logger.info("%s: refused %d", "shop", 1)
    logger.info("something else")
    lines = out.getvalue().splitlines()
    assert len(lines) < 30
    assert lines[-2:] == ["INFO gsmgw.test: shop: refused 1", "INFO gsmgw.test: something else"]
    elapsed.s += 30
    logger.info("%s: refused %d", "office", 7)
    assert out.getvalue().splitlines()[-1] == "INFO gsmgw.test: office: refused 7 (and 9980 more like it)"
    for number in range(5000):
        logger.info("%s: %s", f"name{number}", number)
        logger.debug("a detail")
    assert len(out.getvalue().splitlines()) == len(lines) + 1 + 10_000


def test_trouble_that_lasts_is_logged_a_few_times_an_hour(
    log: tuple[logging.Logger, io.StringIO], limited: tuple[logging.Logger, Elapsed]
) -> None:
    (logger, elapsed), (_, out) = limited, log
    for _ in range(3600):
        logger.warning("%s: lost", "office")
        elapsed.s += 1
    lines = out.getvalue().splitlines()
    assert len(lines) <= 10
    assert re.fullmatch(r"WARNING gsmgw.test: office: lost \(and \d+ more like it\)", lines[-1])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("sent to=+4915112345678 modem=a", "sent to=+4915*******78 modem=a"),
        ("from=015112345678, number=4915112345678", "from=0151******78, number=4915*******78"),
        ("the number +4915112345678 is refused", "the number +4915*******78 is refused"),
        ("to=12345 to=+123456 from=127.0.0.1", "to=12345 to=+123456 from=127.0.0.1"),
        ("id=1234567890123 size=4915112345678 at 2026-11-27", "id=1234567890123 size=4915112345678 at 2026-11-27"),
    ],
)
def test_numbers_are_masked(text: str, masked: str) -> None:
    assert logs.mask_numbers(text) == masked


def _record(level: int, text: str, name: str = "gsmgw.test") -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, text, None, None)


def test_for_the_journal_each_line_has_its_priority() -> None:
    formatter = formatter_for(LogSettings(), journal=True)
    for level, prefix in ((10, "<7>"), (20, "<6>"), (30, "<4>"), (40, "<3>"), (50, "<2>")):
        assert formatter.format(_record(level, "to=+4915112345678")) == f"{prefix}to=+4915*******78"
    assert formatter.format(_record(30, "closed", "asyncio")) == "<4>asyncio: closed"
    try:
        raise ValueError("of +4915112345678")
    except ValueError:
        record = logging.LogRecord("gsmgw", 40, __file__, 1, "failed", None, sys.exc_info())
    lines = formatter.format(record).splitlines()
    assert lines[0] == "<3>failed"
    assert all(line.startswith("<3>  | ") for line in lines[1:])
    assert lines[-1] == "<3>  | ValueError: of +4915*******78"


def test_a_record_can_be_a_line_of_json() -> None:
    for journal, prefix in ((False, ""), (True, "<4>")):
        formatter = formatter_for(LogSettings(format="json"), journal=journal)
        line = formatter.format(_record(30, f"{FORGED} +4915112345678"))
        assert line.isascii()
        assert len(line.splitlines()) == 1
        found = json.loads(line.removeprefix(prefix))
        assert (found["level"], found["logger"]) == ("warning", "gsmgw.test")
        assert found["message"] == f"{FORGED} +4915*******78"
        assert datetime.fromisoformat(found["time"]).tzinfo is not None
    full = formatter_for(LogSettings(format="json", numbers=True), journal=False)
    assert "+4915112345678" in full.format(_record(30, "+4915112345678"))


def test_the_journal_is_recognised_by_its_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        assert is_journal(stream)
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino + 1}")  # inherited by a child with a pipe
        assert not is_journal(stream)
        assert not is_journal(io.StringIO())


def test_clients_of_http_do_not_log_urls_and_headers() -> None:
    before = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "uvicorn")}
    root, handlers, level = logging.getLogger(), list(logging.getLogger().handlers), logging.getLogger().level
    try:
        configure(LogSettings("debug"))
        for name in ("httpx", "httpcore", "httpcore.http11"):
            assert not logging.getLogger(name).isEnabledFor(logging.INFO)
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
        root.handlers[:] = handlers
        root.setLevel(level)


class _Pipe(io.StringIO):
    """A stream that counts what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[str] = []
        self.stuck: threading.Event | None = None

    def write(self, text: str) -> int:
        if self.stuck is not None:
            self.stuck.wait(GENEROUS_S)
        self.groups.append(text)
        return len(text)


@pytest.fixture
def grouped() -> Iterator[tuple[logging.Logger, _Pipe]]:
    """A logger with the handler that the gateway has."""
    pipe = _Pipe()
    handler = GroupingHandler(pipe)
    logger = logging.Logger("gsmgw.test")
    logger.addHandler(handler)
    yield logger, pipe
    handler.close()


def test_lines_of_information_are_written_in_groups(grouped: tuple[logging.Logger, _Pipe]) -> None:
    logger, pipe = grouped
    for number in range(200):
        logger.info("messages: %s sent", f"m{number}")
    deadline = time.monotonic() + GENEROUS_S
    while sum(map(len, pipe.groups)) < len("messages: m0 sent\n") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "".join(pipe.groups).startswith("messages: m0 sent\nmessages: m1 sent\n")
    assert len(pipe.groups) < 100


def test_a_warning_is_written_at_once_after_what_waits(grouped: tuple[logging.Logger, _Pipe]) -> None:
    logger, pipe = grouped
    logger.info("first")
    logger.warning("second")
    assert "".join(pipe.groups) == "first\nsecond\n"


def test_the_end_of_the_process_writes_what_waits(grouped: tuple[logging.Logger, _Pipe]) -> None:
    logger, pipe = grouped
    logger.info("last words")
    logger.handlers[0].close()
    assert pipe.groups == ["last words\n"]


def test_a_reader_that_stands_still_holds_up_no_information(grouped: tuple[logging.Logger, _Pipe]) -> None:
    logger, pipe = grouped
    pipe.stuck = threading.Event()
    began = time.monotonic()
    for number in range(500):
        logger.info("messages: %s sent", f"m{number}")
        time.sleep(0.001)
    assert time.monotonic() - began < GENEROUS_S / 2  # the thread waits, this one does not
    pipe.stuck.set()
    logger.handlers[0].close()
    assert [line.split()[1] for line in "".join(pipe.groups).splitlines()] == [f"m{number}" for number in range(500)]
