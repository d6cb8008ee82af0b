"""Segments as rows of a form."""

from __future__ import annotations

from typing import Any

import pytest

from gsmgw.web.forms import Form
from gsmgw.web.segments import Condition, Group, edit, group_of, read, tree_of, types_of, write

CITY = {"field": "city", "op": "=", "kind": "text", "value": "Ulm"}
TYPES = types_of(
    [
        {"name": "city", "type": "text", "choices": [], "searchable": False},  # type: ignore[typeddict-item]
        {"name": "points", "type": "number", "choices": [], "searchable": False},  # type: ignore[typeddict-item]
    ]
)


@pytest.mark.parametrize(
    "tree",
    [
        CITY,
        {"field": "born", "op": "is empty"},
        {"not": {"field": "born", "op": "is empty"}},
        {"field": "last_reply", "op": "<", "kind": "duration", "value": "30d"},
        {"field": "points", "op": ">=", "kind": "number", "value": 2.5},
        {"field": "points", "op": "in", "kind": "number", "value": [1, 2]},
        {"field": "vip", "op": "=", "kind": "boolean", "value": False},
        {"not": CITY},
        {"not": {"not": CITY}},
        {"not": {"and": [CITY, CITY]}},
        {"and": [CITY, {"or": [CITY, {"not": {"or": [CITY, {"field": "born", "op": "is empty"}]}}]}]},
    ],
)
def test_a_tree_stays_the_same_through_the_form(tree: dict[str, Any]) -> None:
    form = Form()
    write(form, "segment", group_of(tree))
    types = {**TYPES, "born": "date", "vip": "boolean"}
    assert tree_of(read(form, "segment", types)) == tree


def test_values_with_commas_become_conditions_of_their_own() -> None:
    tree = {"field": "name", "op": "in", "kind": "text", "value": ["Bauer, Anna", "Eva"]}
    either = [{"field": "name", "op": "=", "kind": "text", "value": value} for value in ("Bauer, Anna", "Eva")]
    assert tree_of(group_of(tree)) == {"or": either}


def test_rows_are_added_and_removed() -> None:
    root = Group(parts=[Condition("city")])
    edit(root, "group", "0")
    edit(root, "add", "0.1")
    edit(root, "remove", "0.1.0")
    edit(root, "remove", "0.0")
    assert root == Group(parts=[Group("or", [Condition()])])
    for path in ("", "0.9", "0.x", "0.0.0.0", "1.99999999999"):
        edit(root, "add", path + ".7")
        edit(root, "remove", path + ".7")
    assert root == Group(parts=[Group("or", [Condition()])])


def test_another_field_gets_a_comparison_that_fits() -> None:
    form = Form()
    write(form, "segment", Group(parts=[Condition("points", "text:=", "Ulm")]))
    assert read(form, "segment", TYPES).parts == [Condition("points", "number:=", "")]


def test_rows_without_a_field_say_nothing() -> None:
    assert tree_of(Group(parts=[Condition(), Group("or", [Condition()])])) is None
    assert not Condition("city", "text:=", " ").is_whole
    assert Condition("city", "empty").is_whole
