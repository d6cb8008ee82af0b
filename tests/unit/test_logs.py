"""Nothing that modems, callers or receivers say can forge a line of the log."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from gsmgw import logs
from gsmgw.logs import EscapingFormatter, FloodFilter, configure

FORGED = "office\n2026-11-27 12:00:00,000 INFO gsmgw.api: all is well\r\x1b[2J\x9b31m\u2028\u202e\udcff"


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


def test_a_flood_of_records_is_logged_once_in_a_while_with_a_count(
    log: tuple[logging.Logger, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    logger, out = log
    logger.handlers[0].addFilter(FloodFilter())
    now = 1000.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    for number in range(10_000):
        logger.info("%s: refused %d", "office", number)
    logger.info("%s: refused %d", "shop", 1)
    logger.info("something else")
    lines = out.getvalue().splitlines()
    assert len(lines) < 30
    assert lines[-2:] == ["INFO gsmgw.test: shop: refused 1", "INFO gsmgw.test: something else"]
    now += 30
    logger.info("%s: refused %d", "office", 7)
    assert out.getvalue().splitlines()[-1] == "INFO gsmgw.test: office: refused 7 (and 9980 more like it)"
    for number in range(5000):
        logger.info("%s: %s", f"name{number}", number)
        logger.debug("a detail")
    assert len(out.getvalue().splitlines()) == len(lines) + 1 + 10_000


def test_clients_of_http_do_not_log_urls_and_headers() -> None:
    before = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "uvicorn")}
    root, handlers = logging.getLogger(), list(logging.getLogger().handlers)
    try:
        configure("debug")
        for name in ("httpx", "httpcore", "httpcore.http11"):
            assert not logging.getLogger(name).isEnabledFor(logging.INFO)
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
        root.handlers[:] = handlers
