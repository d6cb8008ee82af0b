"""A million random cases of what must never harm anything: requests, rows of the database, sets of received PDUs.

    python -m tests.support.million [CASES]

Each third of the cases is one of the kinds. They are drawn by plain random numbers with a seed that is printed, which
takes a tenth of the time that a search for small examples does; that search is in tests/property, where
test_million.py also runs some thousands of these cases each time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from pydantic import ValidationError

from gsmgw.api.message_bodies import MessageIn
from gsmgw.http.problems import Problem
from gsmgw.model import Event, MessageRecord, Outgoing
from gsmgw.outbound import Principal, Refusal, RouteTable
from gsmgw.outbound.segmenting import build_segments
from gsmgw.outbound.validation import Validator
from gsmgw.store import Store, rows
from gsmgw.store.unreadable import readable
from gsmgw.wire.encoding import dumped
from gsmgw.wire.events import event_resource
from gsmgw.wire.messages import message_resource
from support.desk import DEFAULTS
from support.inbox import Desk
from support.poison import as_pdu, concat, deliver

CHARACTERS = "0123456789 +-()ab€ж\u0661\uff11²①😀\x00\n\u2028\u0085\u202e\u0301\\\"'%{}[]"
HALVES = ["\ud800", "\udc00x"]
ODD: list[Any] = [
    None, True, False, 0, -1, 2**63, -(2**63), 1e308, float("nan"), float("inf"), "", "x", "{", "[]", "{}", "null",
    "[1]", '["\\ud800"]', '{"\\ud83d": 1}', "9" * 400, "[" * 3000, b"", b"\xff\xfe", "queued", "sent", "inbound",
    "outbound", "gsm7", "2026-12-24T18:00:00+01:00", "+4915112345678", [], {}, [[]], ["a"], {"a": 1},
]  # fmt: skip
FIELDS = list(MessageIn.model_fields)
VALIDATOR = Validator(tuple, RouteTable(), DEFAULTS)
CALLER = Principal("t", "socket", "t", owner=1)
#: Sets of PDUs that go into one database before a new one is begun.
SETS_PER_DATABASE = 1000


def text(draw: random.Random, most: int = 20) -> str:
    """A text of characters that made trouble somewhere."""
    drawn = "".join(draw.choices(CHARACTERS, k=draw.randrange(most)))
    return drawn + draw.choice(HALVES) if draw.randrange(20) == 0 else drawn


def value(draw: random.Random) -> Any:
    """Any value that JSON or a column can hold."""
    kind = draw.randrange(4)
    if kind == 0:
        return text(draw)
    return draw.choice(ODD) if kind < 3 else draw.randrange(-5, 300)


# -- requests -------------------------------------------------------------------------------------------------------


def request(draw: random.Random) -> dict[str, Any]:
    """The body of a request to send."""
    body = {name: value(draw) for name in draw.sample(FIELDS, draw.choice([0, 0, 1, 2, 4]))}
    to = draw.choice(["+4915112345678", "0151 12345678", "٠١٥١١٢٣٤٥٦٧٨", "+49１５１1234567", "12345", text(draw)])
    body = {"to": to, **body}
    if draw.random() < 0.8:
        body.setdefault("text", text(draw, draw.choice([5, 200, 2000])))
    return body


def ask(body: dict[str, Any]) -> bool:
    """Return whether a request is accepted; then it can be built with both sizes of reference."""
    try:
        accepted = VALIDATOR.message(CALLER, MessageIn.model_validate(body).submission(), 1_700_000_000_000)
    except (ValidationError, Problem):
        return False
    if isinstance(accepted, Refusal):
        return False
    assert isinstance(accepted, Outgoing)
    for bits, reference in ((8, 255), (16, 65_535)):
        assert 1 <= len(build_segments(accepted, reference, accepted.created_ms, bits)) <= 255
    json.dumps(accepted.text).encode()
    return True


# -- rows -----------------------------------------------------------------------------------------------------------

_MESSAGE = (
    1, "outbound", "queued", "+491", None, "x", None, None, "gsm7", 1, None, "", None, 1, None, 1, None, None, '["t"]',
    0, 1, None, None, None, None, None, None, None, None, None, 0, 0, None, None, 0,
)  # fmt: skip
_OUTGOING = (
    1, "+491", "x", 1, 1, 1, None, None, "gsm7", None, 1, "", None, None, None, None, "resend", 0, "", 0, None, 0,
)  # fmt: skip
DECODERS: list[tuple[Callable[[Any], Any], tuple[Any, ...]]] = [
    (rows.message_of, _MESSAGE),
    (rows.outgoing_of, _OUTGOING),
    (rows.segment_of, (1, "queued", b"\x01", None, None, None, 0, None, None, None, None, None)),
    (rows.event_of, (1, 1, "message.sent", 1, None, "{}")),
]
_NOWHERE = sqlite3.connect(":memory:")


def row(draw: random.Random, whole: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row with some of its columns spoilt."""
    spoilt = list(whole)
    for place in draw.sample(range(len(whole)), draw.choice([0, 1, 1, 2, 5])):
        found = value(draw)
        spoilt[place] = json.dumps(found, default=str) if isinstance(found, (list, dict)) else found
    return tuple(spoilt)


def decode(decoder: Callable[[Any], Any], spoilt: tuple[Any, ...]) -> bool:
    """Return True if a row is understood; else it is skipped. An understood row can be shown as JSON."""
    found = readable(_NOWHERE, "t", decoder, [spoilt])
    for one in found:
        if isinstance(one, MessageRecord):
            dumped(message_resource(one))
        elif isinstance(one, Event):
            dumped(event_resource(one))
    return bool(found)


# -- PDUs -----------------------------------------------------------------------------------------------------------


def pdu(draw: random.Random) -> str:
    """A received PDU: a part of one of few messages mostly, of any coding, cut or spoilt sometimes."""
    header = concat(draw.randrange(4), draw.randrange(5), draw.randrange(6), wide=draw.random() < 0.3)
    if draw.random() < 0.2:
        header = draw.choice([b"", draw.randbytes(draw.randrange(1, 12)), header + draw.randbytes(3)])
    made = as_pdu(
        deliver(
            draw.choice(["+4915799999999", "12345", "+1"]),
            draw.randbytes(draw.randrange(60)),
            header,
            dcs=draw.choice([0, 4, 8, 0x10, 0xF0, 0xC8, draw.randrange(256)]),
            pid=draw.choice([0, 0, 0, 0x40, 0x41, 0x7F]),
            length=draw.choice([None, None, None, draw.randrange(256)]),
        )
    )
    spoil = draw.randrange(12)
    if spoil == 0:
        return made[: draw.randrange(len(made))]
    if spoil == 1:
        place = draw.randrange(len(made))
        return made[:place] + draw.choice("0F?x") + made[place + 1 :]
    return made


async def sets(draw: random.Random, cases: int, directory: Path) -> int:
    """Give PDUs to the collector in sets of up to 60 at a time; each is kept, and none waits for ever."""
    done, taken, work = 0, 0, Desk(await Store.open(directory / "0.db"))
    for number in range(sys.maxsize):
        if done >= cases:
            break
        if number and number % SETS_PER_DATABASE == 0:
            await end(work, taken)
            taken, work = 0, Desk(await Store.open(directory / f"{number}.db"))
        lot = [pdu(draw) for _ in range(draw.randrange(1, 60))]
        await asyncio.gather(*(work.take(each) for each in lot))
        done, taken = done + len(lot), taken + len(lot)
        if draw.randrange(4) == 0:
            await work.clock.advance(draw.choice([1, 700, 4 * 3600]))
            await work.collector.sweep()
    await end(work, taken)
    return done


async def end(work: Desk, taken: int) -> None:
    """Look at a database after the time for missing parts has passed, and close it."""
    await work.clock.advance(700)
    await work.collector.sweep()
    count = "SELECT count(*), sum(state = 'waiting' AND message_id IS NULL) FROM parts"
    kept, waiting = await work.store.read(lambda db: db.execute(count).fetchone())
    assert (kept, waiting) == (taken, 0), f"{taken} PDUs taken, {kept} kept, {waiting} waiting"
    await work.store.close()


# -- all ------------------------------------------------------------------------------------------------------------


async def run(cases: int, seed: int, say: Callable[[str], object] = print) -> None:
    """Try so many cases of each of the three kinds; raises at the first that does harm."""
    with tempfile.TemporaryDirectory() as name:
        began, draw = time.monotonic(), random.Random(seed)
        taken = sum(ask(request(draw)) for _ in range(cases))
        say(f"requests: {cases}, {taken} accepted, {time.monotonic() - began:.0f} s")
        began, draw, good = time.monotonic(), random.Random(seed), 0
        for _ in range(cases):
            decoder, whole = draw.choice(DECODERS)
            good += decode(decoder, row(draw, whole))
        say(f"rows: {cases}, {good} understood, {time.monotonic() - began:.0f} s")
        began, draw = time.monotonic(), random.Random(seed)
        done = await sets(draw, cases, Path(name))
        say(f"received PDUs: {done}, {time.monotonic() - began:.0f} s")


def main() -> None:
    """Run from the command line."""
    logging.disable(logging.CRITICAL)
    cases, seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, random.randrange(2**32)
    print(f"seed {seed}", flush=True)
    asyncio.run(run(-(-cases // 3), seed, lambda line: print(line, flush=True)))


if __name__ == "__main__":
    main()
