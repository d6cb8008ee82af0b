"""The language of segments: text, tree, JSON, and what is said about an error."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from gsmgw.audience.segments import SegmentError, SegmentScope, check, parse
from gsmgw.model.contacts import ContactField, ContactGroup, FieldType
from gsmgw.model.segments import (
    And,
    Condition,
    Kind,
    Literal,
    Not,
    Operator,
    Or,
    Segment,
    TreeError,
    json_of,
    segment_of_json,
    text_of,
)

SCOPE = SegmentScope(
    {
        "city": ContactField("city", FieldType.TEXT),
        "points": ContactField("points", FieldType.NUMBER),
        "born": ContactField("born", FieldType.DATE),
        "vip": ContactField("vip", FieldType.BOOLEAN),
        "size": ContactField("size", FieldType.CHOICE, ("Small", "Large")),
    },
    {
        "blocked": ContactGroup(1, "Blocked", None, 0),
        "ulm": ContactGroup(2, "Ulm", 'city = "Ulm"', 0),
        "loop": ContactGroup(3, "Loop", 'group = "Loop 2"', 0),
        "loop 2": ContactGroup(4, "Loop 2", 'not group = "loop"', 0),
    },
)
ULM = Condition("city", Operator.EQUALS, (Literal(Kind.TEXT, "Ulm"),))
VIP = Condition("vip", Operator.EQUALS, (Literal(Kind.BOOLEAN, True),))


def test_the_example_of_the_design() -> None:
    segment = parse('city = "Ulm" and last_reply < 30d and not group = "Blocked"')
    reply = Condition("last_reply", Operator.LESS, (Literal(Kind.DURATION, "30d"),))
    assert segment == And((ULM, reply, Not(Condition("group", Operator.EQUALS, (Literal(Kind.TEXT, "Blocked"),)))))
    assert [part.column for part in segment.parts if isinstance(part, Condition)] == [1, 18]
    assert check(segment, SCOPE) == segment


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("CITY='Ulm'", ULM),
        ("vip = TRUE and city = \"Ulm\" OR vip = true", Or((And((VIP, ULM)), VIP))),
        ('vip = true and (city = "Ulm" or vip = true)', And((VIP, Or((ULM, VIP))))),
        ('(vip = true and city = "Ulm") and vip = true', And((VIP, ULM, VIP))),
        ("not not vip = true", Not(Not(VIP))),
        ("city is empty", Condition("city", Operator.EMPTY)),
        ("city is not empty", Not(Condition("city", Operator.EMPTY))),
        ('city contains "a \\"b\\""', Condition("city", Operator.CONTAINS, (Literal(Kind.TEXT, 'a "b"'),))),
        (
            "points in (1, -2.5)",
            Condition("points", Operator.IN, (Literal(Kind.NUMBER, 1), Literal(Kind.NUMBER, -2.5))),
        ),
        ("points not in (1)", Not(Condition("points", Operator.IN, (Literal(Kind.NUMBER, 1),)))),
        ("born >= 1980-04-17", Condition("born", Operator.AT_LEAST, (Literal(Kind.DATE, "1980-04-17"),))),
        ("born<2w", Condition("born", Operator.LESS, (Literal(Kind.DURATION, "2w"),))),
        ("vip\n=\ttrue", VIP),
    ],
)  # fmt: skip
def test_a_text_and_its_tree(text: str, segment: Segment) -> None:
    assert parse(text) == segment
    assert parse(text_of(segment)) == segment
    assert segment_of_json(json_of(segment)) == segment


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "is empty"),
        ("ctiy = \"Ulm\"", 1, "'ctiy' does not exist; did you mean 'city'?"),
        ('vip = true and xyz = "1"', 16, "'xyz' does not exist; fields are number, name"),
        ("city = Ulm", 8, "'Ulm' is not possible here; expected a text in quotation marks"),
        ("city \"Ulm\"", 6, "expected =, !="),
        ("city =", 7, "the end is not possible here; expected"),
        ('(city = "Ulm"', 14, "the end is not possible here"),
        ('city = "Ulm', 8, "is not possible here"),
        ("city = 5", 1, "is compared with a text, not with a number"),
        ("points = \"5\"", 1, "is compared with a number, not with a text"),
        ("city < \"Ulm\"", 1, "cannot be compared by <; possible: =, !=, contains, in"),
        ("born = 30d", 1, "cannot be compared by =; possible: <, <=, >, >="),
        ("born = 2026-02-30", 8, "2026-02-30 is not a valid date"),
        ('group = "Blokced"', 1, "'Blokced' does not exist; did you mean 'Blocked'?"),
        ('size = "Lage"', 1, "did you mean 'Large'?"),
        ('consent = "opted"', 1, "known are in, confirmed, out, suspected"),
        ('points in (1, "a")', 1, "of one kind"),
        ('group = "Loop"', 1, "refers to itself"),
        ("vip = true" + " and vip = true" * 300, 4001, "at most 4000"),
        ("a=1 or " * 250 + "a=1", 1401, "more than 200 conditions"),
        ("not " * 40 + "vip = true", 161, "nested more than 30 deep"),
        ("(" * 1500 + "vip = true" + ")" * 1500, 1501, ""),
    ],
)  # fmt: skip
def test_an_error_names_the_column_and_what_to_do(text: str, column: int, words: str) -> None:
    if not words:
        assert parse(text) == VIP
        return
    with pytest.raises(SegmentError) as refused:
        check(parse(text), SCOPE)
    assert words in refused.value.detail
    assert refused.value.column == column


def test_a_smart_group_is_replaced_by_its_segment() -> None:
    both = check(parse('group in ("Ulm", "Blocked")'), SCOPE)
    assert both == Or((ULM, Condition("group", Operator.IN, (Literal(Kind.TEXT, "Blocked"),))))
    assert check(parse('group != "ULM"'), SCOPE) == Not(ULM)


@pytest.mark.parametrize(
    "tree",
    [
        None, [], {}, {"and": []}, {"and": [{"field": "a", "op": "is empty"}]}, {"not": 1}, {"field": 1, "op": "="},
        {"field": "a", "op": "like", "kind": "text", "value": "x"}, {"field": "a", "op": "=", "kind": "x", "value": 1},
        {"field": "a", "op": "=", "kind": "number", "value": True},
        {"field": "a", "op": "in", "kind": "text", "value": []},
        {"field": "a", "op": "=", "kind": "text", "value": "x", "more": 1},
    ],
)  # fmt: skip
def test_a_tree_that_is_not_one_is_refused(tree: object) -> None:
    with pytest.raises(TreeError, match=r"^tree"):
        segment_of_json(tree)  # type: ignore[arg-type] # it comes from a request


@settings(deadline=None)  # the first text loads the parser
@given(st.text(max_size=60) | st.text(alphabet='city="Ulm() andornots<>30d,\\', max_size=60))
def test_any_text_is_a_segment_or_an_error(text: str) -> None:
    column, segment = 1, None
    try:
        segment = parse(text)
    except SegmentError as refused:
        column = refused.column
    assert 1 <= column <= len(text) + 1
    assert segment is None or parse(text_of(segment)) == segment
