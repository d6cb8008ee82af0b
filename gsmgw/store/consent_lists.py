"""Consent lists: what people can opt out of by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from gsmgw.store.consent import Query
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import parsed, strings

#: A text by language.
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConsentList:
    """A list with its own keywords and replies. A reply that is missing is the default one of its language."""

    name: str
    keywords: tuple[str, ...] = ()
    double_opt_in: bool = False
    stop_reply: Texts = field(default_factory=dict)
    start_reply: Texts = field(default_factory=dict)
    help_reply: Texts = field(default_factory=dict)
    question: Texts = field(default_factory=dict)
    created_ms: int = 0


_COLUMNS = "name, keywords, double_opt_in, stop_reply, start_reply, help_reply, question, created_ms"


def names(query: Query) -> frozenset[str]:
    """Return the names of all lists."""
    return frozenset(row[0] for row in query("SELECT name FROM consent_lists", ()))


def unknown(name: str | None, known: Sequence[str] | frozenset[str]) -> str:
    """Return the sentence about a list that does not exist."""
    near = get_close_matches(str(name), sorted(known), 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known)) or 'none'}"
    return f"the list {name!r} does not exist; {hint}"


def all_lists(query: Query) -> list[ConsentList]:
    """Return all lists by name."""
    return [_list_of(row) for row in query(f"SELECT {_COLUMNS} FROM consent_lists ORDER BY name", ())]


def get(query: Query, name: str) -> ConsentList | None:
    """Return a list."""
    rows = query(f"SELECT {_COLUMNS} FROM consent_lists WHERE name = ?", (name,))
    return _list_of(rows[0]) if rows else None


def put(tx: Tx, wanted: ConsentList) -> bool:
    """Create or replace a list; True if it is new."""
    is_new = get(tx.all, wanted.name) is None
    tx.run(
        f"INSERT INTO consent_lists ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
        "keywords = excluded.keywords, double_opt_in = excluded.double_opt_in, stop_reply = excluded.stop_reply, "
        "start_reply = excluded.start_reply, help_reply = excluded.help_reply, question = excluded.question",
        (
            wanted.name,
            _dumped(wanted.keywords),
            wanted.double_opt_in,
            _dumped(wanted.stop_reply),
            _dumped(wanted.start_reply),
            _dumped(wanted.help_reply),
            _dumped(wanted.question),
            wanted.created_ms,
        ),
    )
    return is_new


def delete(tx: Tx, name: str) -> bool:
    """Delete a list. Who opted out of it stays written down, and is out of it again if it comes back."""
    return bool(tx.run("DELETE FROM consent_lists WHERE name = ?", (name,)))


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list_of(row: Sequence[Any]) -> ConsentList:
    stop, start, answer, question = (_texts(column) for column in row[3:7])
    return ConsentList(row[0], tuple(strings(row[1])), bool(row[2]), stop, start, answer, question, row[7])


def _texts(column: Any) -> Texts:
    return {str(language): str(text) for language, text in parsed(column, dict).items()}
