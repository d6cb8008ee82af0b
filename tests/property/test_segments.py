"""The SQL of a segment finds the contacts that a plain reading of its tree finds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from support.databases import make_database

from gsmgw.audience.segments import SegmentScope, check, parse
from gsmgw.model.contacts import Contact, ContactField, ContactGroup, FieldType, FieldValue, Person, fold
from gsmgw.model.segments import (
    UNITS,
    And,
    Condition,
    Kind,
    Literal,
    Not,
    Operator,
    Or,
    Segment,
    json_of,
    segment_of_json,
    text_of,
)
from gsmgw.store import contact_groups, contacts, engine
from gsmgw.store.segments import clause_of
from gsmgw.store.tx import Tx

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
FIELDS = {
    "city": ContactField("city", FieldType.TEXT),
    "points": ContactField("points", FieldType.NUMBER),
    "born": ContactField("born", FieldType.DATE),
    "vip": ContactField("vip", FieldType.BOOLEAN),
}
CITIES = ["Ulm", "ULM", "Köln", "köln", "Bonn", "New York", 'a"b\\', "100%_"]
GROUPS = ["Blocked", "A", "Straße"]
SMART = ContactGroup(99, "Smart", 'city = "Ulm" or points > 2', 0)
DATES = ["1980-04-17", "2026-10-01", "2026-11-27", "2026-11-28", "2026-12-24"]
AGES = ["1d", "12h", "3w", "90d", "60m"]
NUMBERS = [-1, 0, 1, 2.5, 3, 10]

dates, ages = st.sampled_from(DATES), st.sampled_from(AGES)
moments = st.none() | st.integers(0, 100 * 86_400).map(lambda s: NOW_MS - s * 1000)


@dataclass
class Known:
    """A contact and what else is known about its number."""

    person: Person
    history: dict[str, int | None]
    consent: str | None
    suspected: bool
    number: str = ""
    groups: frozenset[str] = field(default_factory=frozenset)


people = st.builds(
    Known,
    st.builds(
        Person,
        name=st.none() | st.sampled_from(["Anna", "ANNA Bauer", "Ben"]),
        language=st.none() | st.sampled_from(["de", "en"]),
        fields=st.fixed_dictionaries(
            {},
            optional={
                "city": st.sampled_from(CITIES), "points": st.sampled_from(NUMBERS), "born": dates,
                "vip": st.booleans(),
            },
        ),
        groups=st.lists(st.sampled_from(GROUPS), unique=True, max_size=2).map(tuple),
    ),
    st.fixed_dictionaries(dict.fromkeys(("last_reply", "last_sent", "delivered"), moments)),
    st.none() | st.sampled_from(["in", "confirmed", "out"]),
    st.booleans(),
)  # fmt: skip

SAME = [Operator.EQUALS, Operator.DIFFERS]
TEXTUAL = [*SAME, Operator.CONTAINS]
ORDER = [Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST]


def condition(
    names: list[str], kind: Kind, values: st.SearchStrategy[FieldValue], operators: list[Operator]
) -> st.SearchStrategy[Segment]:
    one = st.builds(
        lambda name, operator, value: Condition(name, operator, (Literal(kind, value),)),
        st.sampled_from(names), st.sampled_from(operators), values,
    )  # fmt: skip
    if Operator.EQUALS not in operators or kind is Kind.BOOLEAN:
        return one
    several = st.builds(
        lambda name, given: Condition(name, Operator.IN, tuple(Literal(kind, value) for value in given)),
        st.sampled_from(names), st.lists(values, min_size=1, max_size=3),
    )  # fmt: skip
    return one | several


empty = st.sampled_from(
    ["city", "points", "born", "vip", "name", "language", "time_zone", "number", "group", "consent", "last_reply",
     "last_sent", "delivered"]
).map(lambda name: Condition(name, Operator.EMPTY))  # fmt: skip
conditions = (
    condition(["city", "name", "language"], Kind.TEXT, st.sampled_from([*CITIES, "anna", "de"]), TEXTUAL)
    | condition(["number"], Kind.TEXT, st.sampled_from(["+4915112345600", "+4915112345601", "5601"]), TEXTUAL)
    | condition(["points"], Kind.NUMBER, st.sampled_from(NUMBERS), [*SAME, *ORDER])
    | condition(["born"], Kind.DATE, dates, [*SAME, *ORDER])
    | condition(["vip"], Kind.BOOLEAN, st.booleans(), SAME)
    | condition(["group"], Kind.TEXT, st.sampled_from([*GROUPS, "strasse", "Smart"]), SAME)
    | condition(["consent"], Kind.TEXT, st.sampled_from(["in", "confirmed", "OUT", "suspected"]), SAME)
    | condition(["born", "last_reply", "last_sent", "delivered"], Kind.DURATION, ages, ORDER)
    | condition(["last_reply", "last_sent", "delivered"], Kind.DATE, dates, ORDER)
    | empty
)  # fmt: skip
segments: st.SearchStrategy[Segment] = st.recursive(
    conditions,
    lambda inner: (
        inner.map(Not)
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
    ),
    max_leaves=6,
)


def meets(known: Known, segment: Segment) -> bool:
    """A plain reading of a segment."""
    match segment:
        case Not(part):
            return not meets(known, part)
        case And(parts):
            return all(meets(known, part) for part in parts)
        case Or(parts):
            return any(meets(known, part) for part in parts)
        case Condition(name, Operator.DIFFERS, values):
            return not meets(known, Condition(name, Operator.EQUALS, values))
        case Condition(name, operator, values):
            found = values_of(known, name)
            if operator is Operator.EMPTY:
                return not found
            return any(compares(name, value, operator, literal) for value in found for literal in values)


def values_of(known: Known, name: str) -> list[FieldValue]:
    person = known.person
    match name:
        case "number":
            return [known.number]
        case "name" | "language" | "time_zone":
            text: str | None = getattr(person, name)
            return [] if text is None else [text]
        case "group":
            return list(person.groups)
        case "consent":
            return [*([known.consent] if known.consent else []), *(["suspected"] if known.suspected else [])]
        case "last_reply" | "last_sent" | "delivered":
            moment = known.history[name]
            return [] if moment is None else [moment]
        case _:
            return [person.fields[name]] if name in person.fields else []


def compares(name: str, value: FieldValue, operator: Operator, literal: Literal) -> bool:
    wanted: FieldValue = literal.value
    if name == "group" and fold(str(wanted)) == "smart":
        raise AssertionError("a smart group is a segment of its own")
    if isinstance(value, str) and literal.kind is Kind.TEXT:
        if name == "number":
            return str(wanted) in value if operator is Operator.CONTAINS else value == wanted
        one, other = fold(value), fold(str(wanted))
        return other in one if operator is Operator.CONTAINS else one == other
    if literal.kind is Kind.DURATION:
        bound = NOW - timedelta(seconds=int(str(wanted)[:-1]) * UNITS[str(wanted)[-1]])
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}[operator.value]
        if isinstance(value, str):
            return value <= NOW.date().isoformat() and ordered(value, turned, bound.date().isoformat())
        return ordered(value, turned, round(bound.timestamp() * 1000))
    if literal.kind is Kind.DATE and not isinstance(value, str):
        return ordered(datetime.fromtimestamp(value / 1000, UTC).date().isoformat(), operator.value, str(wanted))
    return ordered(value, "=" if operator is Operator.IN else operator.value, wanted)


def ordered(one: FieldValue, operator: str, other: FieldValue) -> bool:
    match operator:
        case "=":
            return one == other
        case "<":
            return one < other  # type: ignore[operator] # both are of one type
        case "<=":
            return one <= other  # type: ignore[operator] # both are of one type
        case ">":
            return one > other  # type: ignore[operator] # both are of one type
        case _:
            return one >= other  # type: ignore[operator] # both are of one type


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = make_database(tmp_path_factory.mktemp("segments") / "g.db", queued=0)
    opened = engine.connect(path)
    yield opened
    opened.close()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(people, min_size=1, max_size=6), segment=segments)
def test_sql_and_a_plain_reading_agree(db: sqlite3.Connection, found: list[Known], segment: Segment) -> None:
    db.execute("BEGIN")
    try:
        tx = Tx(db)
        for name in GROUPS:
            contact_groups.create(tx, 0, name, None)
        for place, known in enumerate(found):
            known.number = f"+49151123456{place:02d}"
            contacts.create(tx, 0, known.number, known.person)
            history = (known.number, *(known.history[name] for name in ("last_reply", "last_sent", "delivered")))
            tx.run("INSERT INTO contact_history VALUES (?, ?, ?, ?)", history)
            if known.consent or known.suspected:
                tx.run(
                    "INSERT INTO consent (list, person, number, state, suspected_ms) VALUES ('*', ?, ?, ?, ?)",
                    (known.number, known.number, known.consent, 1 if known.suspected else None),
                )
        groups = {fold(group.name): group for group in (*contact_groups.load_all(tx), SMART)}
        checked = check(segment, SegmentScope(FIELDS, groups))
        read = parse(text_of(segment))
        assert parse(text_of(read)) == read
        assert segment_of_json(json_of(segment)) == segment
        where = clause_of(checked, NOW_MS)
        selected = {contact.number for contact in contacts.find(db, where, 100)}
        assert selected == {known.number for known in found if meets(known, checked)}, text_of(segment)
        assert contacts.count(db, where) == len(selected)
        assert all(isinstance(contact, Contact) for contact in contacts.find(db, ("1", ()), 100))
    finally:
        db.execute("ROLLBACK")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=people, other=people)
def test_the_index_of_values_follows_every_change(db: sqlite3.Connection, one: Known, other: Known) -> None:
    db.execute("BEGIN")
    try:
        tx = Tx(db)
        fresh = contacts.create(tx, 0, "+4915112345600", other.person)
        wanted = tx.all("SELECT field, value FROM contact_values WHERE contact_id = ? ORDER BY 1, 2", (fresh,))
        number = contacts.create(tx, 0, "+4915112345601", one.person)
        before = contacts.load(tx, number)
        assert before is not None
        contacts.update(tx, 0, before, before.number, other.person)
        assert tx.all("SELECT field, value FROM contact_values WHERE contact_id = ? ORDER BY 1, 2", (number,)) == wanted
        after = contacts.load(tx, number)
        assert after is not None
        assert contacts.same(after.person, other.person)
        contacts.delete(tx, after)
        assert tx.all("SELECT * FROM contact_values WHERE contact_id = ?", (number,)) == []
    finally:
        db.execute("ROLLBACK")
