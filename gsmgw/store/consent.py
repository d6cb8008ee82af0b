"""Consent: who may be texted, checked in the transaction of whoever asks.

A person is known by an HMAC of the number, under a key of this database: an opt-out outlives the erasure of the number.
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gsmgw.model import EVERYTHING, Block, ConsentState, Outgoing, Purpose
from gsmgw.store.tx import Tx

#: Runs a query, on a reader or in a transaction.
Query = Callable[[str, Sequence[Any]], list[Any]]


class Standing(NamedTuple):
    """The consent of a number to one list."""

    state: ConsentState | None
    changed_ms: int
    suspected: bool


#: By list.
Standings = Mapping[str, Standing]


def on(db: sqlite3.Connection) -> Query:
    """Return the queries of a reader."""
    return lambda sql, values: db.execute(sql, values).fetchall()


def person_of(secret: bytes, number: str) -> str:
    """Return what stands for a number."""
    return hmac.digest(secret, number.encode(), "sha256").hex()[:32]


def secret_of(query: Query) -> bytes:
    """Return the key of the HMAC."""
    return bytes(query("SELECT secret FROM consent_settings", ())[0][0])


def set_blocks(tx: Tx, blocks: Iterable[str]) -> None:
    """Choose the purposes that an opt-out of everything blocks."""
    tx.run("UPDATE consent_settings SET blocks = ? WHERE blocks <> ?", (joined := " ".join(sorted(blocks)), joined))


def blocks_of(query: Query) -> frozenset[str]:
    """Return the purposes that an opt-out of everything blocks."""
    return frozenset(query("SELECT blocks FROM consent_settings", ())[0][0].split())


# -- checking -----------------------------------------------------------------------------------------------------


def block_of(standings: Standings, purpose: Purpose, name: str | None, blocks: Collection[str]) -> Block | None:
    """Return why a text may not go; None if it may. Pure.

    Who opted out of everything and later joined a list gets marketing of that list.
    """
    of_all = standings.get(EVERYTHING)
    of_list = standings.get(name) if name is not None and purpose is Purpose.MARKETING else None
    if of_list is not None and of_list.state is ConsentState.OUT:
        return Block.OPTED_OUT
    if of_all is None:
        return None
    if of_all.state is ConsentState.OUT and purpose.value in blocks:
        joined_later = of_list is not None and of_list.state is not None and of_list.changed_ms > of_all.changed_ms
        if not joined_later:
            return Block.OPTED_OUT
    return Block.SUSPECTED if of_all.suspected and purpose is Purpose.MARKETING else None


_ANYBODY = (
    "SELECT secret, blocks FROM consent_settings WHERE EXISTS (SELECT 1 FROM consent WHERE state = 'out' AND id > 0) "
    "OR EXISTS (SELECT 1 FROM consent WHERE suspected_ms IS NOT NULL AND id > 0)"
)


def blocked(query: Query, messages: Sequence[Outgoing]) -> dict[int, Block]:
    """Return which messages may not go now, by their place. Costs one look-up while nobody has opted out."""
    anybody = query(_ANYBODY, ())
    if not anybody:
        return {}
    secret, blocks = anybody[0][0], frozenset(anybody[0][1].split())
    persons = {message.to: person_of(secret, message.to) for message in messages if not message.exempt}
    found = standings_of(query, persons.values())
    if not found:
        return {}
    result: dict[int, Block] = {}
    for place, message in enumerate(messages):
        standings = None if message.exempt else found.get(persons[message.to])
        if standings is not None:
            block = block_of(standings, message.purpose, message.list, blocks)
            if block is not None:
                result[place] = block
    return result


def marketing_standings(query: Query, numbers: Sequence[str], name: str | None) -> dict[str, tuple[Block | None, bool]]:
    """Return for each number why marketing of a list may not go to it, and whether the number joined that list."""
    secret, words = query("SELECT secret, blocks FROM consent_settings", ())[0]
    persons = {number: person_of(bytes(secret), number) for number in numbers}
    found = standings_of(query, persons.values())
    result: dict[str, tuple[Block | None, bool]] = {}
    for number, person in persons.items():
        standings = found.get(person, {})
        of_list = standings.get(name or EVERYTHING)
        joined = of_list is not None and of_list.state in (ConsentState.IN, ConsentState.CONFIRMED)
        result[number] = block_of(standings, Purpose.MARKETING, name, frozenset(words.split())), joined
    return result


def standings_of(query: Query, persons: Iterable[str]) -> dict[str, dict[str, Standing]]:
    """Return the present consent of persons, for those who have said anything, by list."""
    wanted = list(persons)
    columns = "c.person, c.list, c.state, c.changed_ms, c.suspected_ms"
    if len(wanted) == 1:  # the hand-over of a segment: many values at once cost more than the look-up
        rows = query(f"SELECT {columns} FROM consent c WHERE c.person = ?", wanted)
    else:
        many = "FROM json_each(?) j CROSS JOIN consent c ON c.person = j.value"
        rows = query(f"SELECT {columns} {many}", (json.dumps(wanted),))
    found: dict[str, dict[str, Standing]] = {}
    for person, name, state, changed_ms, suspected_ms in rows:
        found.setdefault(person, {})[name] = Standing(
            ConsentState(state) if state else None, changed_ms or 0, suspected_ms is not None
        )
    return found
