"""Keyword rules, and what the guards of automatic answers count."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import time
from typing import Any

from gsmgw.model import NOBODY
from gsmgw.model.contacts import fold
from gsmgw.model.events import Json
from gsmgw.model.rules import (
    Action,
    ActionKind,
    Condition,
    Hours,
    Match,
    MatchKind,
    Rule,
    SavedRule,
    Trigger,
)
from gsmgw.store.questions import ask_json, ask_of
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, kinds, readable

_COLUMNS = "id, rule, suspended, created_ms, changed_ms, overruns"
_KINDS = kinds(_COLUMNS, integers="id created_ms changed_ms overruns", optional="suspended")


def rule_json(rule: Rule) -> dict[str, Json]:
    """Return a rule as JSON, as the API writes it."""
    when, hours = rule.when, rule.when.hours
    return {
        "name": rule.name,
        "priority": rule.priority,
        "trigger": rule.trigger.value,
        "match": {
            "kind": rule.match.kind.value,
            "values": list(rule.match.values),
            "strict": rule.match.strict,
            "trailing_words": rule.match.trailing_words,
        },
        "when": {
            "modems": list(when.modems),
            **hours_json(hours),
            "groups": list(when.groups),
            "known": when.known,
            "unmatched": when.unmatched,
        },
        "actions": [
            {
                "kind": each.kind.value,
                "value": each.value,
                "field": each.field,
                "template": each.template,
                "ask": None if each.ask is None else ask_json(each.ask),
            }
            for each in rule.actions
        ],
        "fall_through": rule.fall_through,
        "enabled": rule.enabled,
    }


def _rule(row: Any) -> SavedRule:
    check(row, _KINDS)
    found: Mapping[str, Any] = json.loads(row[1])
    match, when = found["match"], found["when"]
    rule = Rule(
        name=found["name"],
        priority=found["priority"],
        trigger=Trigger(found["trigger"]),
        match=Match(MatchKind(match["kind"]), tuple(match["values"]), match["strict"], match["trailing_words"]),
        when=Condition(
            modems=tuple(when["modems"]),
            hours=hours_of(when["hours"], tuple(when["days"])),
            groups=tuple(when["groups"]),
            known=when["known"],
            unmatched=when["unmatched"],
        ),
        actions=tuple(
            Action(ActionKind(each["kind"]), each["value"], each["field"], each["template"], ask_of(each.get("ask")))
            for each in found["actions"]
        ),
        fall_through=found["fall_through"],
        enabled=found["enabled"],
    )
    return SavedRule(row[0], rule, row[2], row[3], row[4], row[5])


def hours_of(text: str | None, days: tuple[int, ...]) -> Hours | None:
    """Return hours from ``08:00-18:00`` and days of the week; days alone are whole days. Raises ValueError.

    ``24:00`` is the end of the day, so that ``00:00-24:00`` is always.
    """
    if text is None:
        return Hours(time(0), time(0), days) if days else None
    since, _, until = (each.strip() for each in text.partition("-"))
    hours = Hours(time.fromisoformat(since), time(0) if until == "24:00" else time.fromisoformat(until), days)
    return None if hours == Hours(time(0), time(0)) else hours


def hours_json(hours: Hours | None) -> dict[str, Json]:
    """Return hours and days as JSON that :func:`hours_of` reads."""
    if hours is None:
        return {"hours": None, "days": []}
    return {"hours": f"{hours.since:%H:%M}-{hours.until:%H:%M}", "days": list(hours.days)}


def all_rules(db: sqlite3.Connection) -> list[SavedRule]:
    """Return all rules, oldest first."""
    return readable(db, "rules", _rule, db.execute(f"SELECT {_COLUMNS} FROM rules ORDER BY id"))


def load_all(tx: Tx) -> list[SavedRule]:
    """Return all rules in a transaction, oldest first."""
    return tx.readable("rules", _rule, tx.all(f"SELECT {_COLUMNS} FROM rules ORDER BY id"))


def get(db: sqlite3.Connection, name: str) -> SavedRule | None:
    """Return a rule, or None if it does not exist."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM rules WHERE folded = ?", (fold(name),))
    return next(iter(readable(db, "rules", _rule, rows)), None)


def exists(tx: Tx, name: str) -> bool:
    """Return True if there is a rule of this name."""
    return tx.one("SELECT 1 FROM rules WHERE folded = ?", (fold(name),)) is not None


def count(tx: Tx) -> int:
    """Return the number of rules."""
    return int(tx.one("SELECT count(*) FROM rules")[0])


def save(tx: Tx, now_ms: int, rule: Rule) -> None:
    """Save a rule, or replace the one of this name; a suspension ends with it."""
    tx.run(
        "INSERT INTO rules (folded, name, rule, created_ms, changed_ms) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (folded) DO UPDATE SET name = excluded.name, rule = excluded.rule, suspended = NULL, "
        "overruns = 0, changed_ms = excluded.changed_ms",
        (fold(rule.name), rule.name, json.dumps(rule_json(rule), ensure_ascii=False), now_ms, now_ms),
    )


def delete(tx: Tx, name: str) -> bool:
    """Delete a rule. Return False if it does not exist."""
    return tx.run("DELETE FROM rules WHERE folded = ?", (fold(name),)) > 0


def note_overrun(tx: Tx, rule_id: int) -> int:
    """Count that a rule's regular expression took too long; return how often it did."""
    tx.run("UPDATE rules SET overruns = overruns + 1 WHERE id = ?", (rule_id,))
    row = tx.one("SELECT overruns FROM rules WHERE id = ?", (rule_id,))
    return 0 if row is None else int(row[0])


def suspend(tx: Tx, rule_id: int, reason: str) -> None:
    """Do not use a rule until it is saved again."""
    tx.run("UPDATE rules SET suspended = ? WHERE id = ?", (reason, rule_id))


# -- what the guards count ----------------------------------------------------------------------------------------


def note_automatic(tx: Tx, message_id: int, at_ms: int, *, answer: bool) -> None:
    """Note an automatic message: an answer to the sender, or a forwarded text."""
    tx.run("INSERT INTO automatic_messages VALUES (?, ?, ?)", (message_id, at_ms, int(answer)))


def automatic_since(tx: Tx, since_ms: int) -> int:
    """Return how many automatic messages there are since a time."""
    return int(tx.one("SELECT count(*) FROM automatic_messages WHERE at_ms >= ?", (since_ms,))[0])


def answers_in_a_row(tx: Tx, number: str, most: int) -> int:
    """Return how many of the last messages to a number were automatic answers, at most ``most``.

    Forwarded texts and answers about consent neither count nor end the row.
    """
    rows = tx.all(
        "SELECT a.answer FROM messages m LEFT JOIN automatic_messages a ON a.message_id = m.id "
        "WHERE m.peer = ? AND m.direction = 'outbound' AND (m.owner <> ? OR m.campaign IS NOT NULL OR a.answer = 1) "
        "ORDER BY m.id DESC LIMIT ?",
        (number, NOBODY, most),
    )
    in_a_row = 0
    for (answer,) in rows:
        if not answer:
            break
        in_a_row += 1
    return in_a_row


def last_is_of_campaign(tx: Tx, number: str) -> bool:
    """Return True if the last message to a number is the text of a campaign."""
    row = tx.one(
        "SELECT campaign FROM messages WHERE peer = ? AND direction = 'outbound' ORDER BY id DESC LIMIT 1", (number,)
    )
    return row is not None and row[0] is not None


def last_answer_ms(tx: Tx, number: str) -> int | None:
    """Return when the last automatic answer to a number goes or went."""
    row = tx.one(
        "SELECT a.at_ms FROM messages m JOIN automatic_messages a ON a.message_id = m.id "
        "WHERE m.peer = ? AND a.answer = 1 ORDER BY m.id DESC LIMIT 1",
        (number,),
    )
    return None if row is None else int(row[0])


def recent_texts(tx: Tx, number: str, since_ms: int, most: int) -> list[str]:
    """Return the last texts of a number since a time, newest first."""
    rows = tx.all(
        "SELECT text FROM messages WHERE peer = ? AND direction = 'inbound' AND received_ms >= ? AND text IS NOT NULL "
        "ORDER BY id DESC LIMIT ?",
        (number, since_ms, most),
    )
    return [row[0] for row in rows]
