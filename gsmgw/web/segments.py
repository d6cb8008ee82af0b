"""Segments as rows of a form: the same tree as the text, so that one becomes the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gsmgw.digits import is_digits
from gsmgw.web.forms import Form, number_of
from gsmgw.web.languages import N_
from gsmgw.wire import resources

Json: TypeAlias = dict[str, Any]

#: Groups in groups that the form shows.
DEEPEST = 6
#: How the conditions of a group belong together.
JOINS = {
    "and": N_("all of these are true"),
    "or": N_("at least one of these is true"),
    "nand": N_("not all of these are true"),
    "nor": N_("none of these is true"),
}
#: Comparisons, as ``kind:operator`` of the API.
CHECKS = {
    "text:=": N_("is"),
    "text:!=": N_("is not"),
    "text:contains": N_("contains"),
    "text:in": N_("is one of"),
    "number:=": N_("is equal to"),
    "number:!=": N_("is not equal to"),
    "number:<": N_("is less than"),
    "number:<=": N_("is at most"),
    "number:>": N_("is more than"),
    "number:>=": N_("is at least"),
    "number:in": N_("is one of"),
    "boolean:=": N_("is"),
    "boolean:!=": N_("is not"),
    "duration:<": N_("less than … ago"),
    "duration:<=": N_("at most … ago"),
    "duration:>": N_("more than … ago"),
    "duration:>=": N_("at least … ago"),
    "date:=": N_("is on"),
    "date:!=": N_("is not on"),
    "date:<": N_("is before"),
    "date:<=": N_("is on or before"),
    "date:>": N_("is after"),
    "date:>=": N_("is on or after"),
    "date:in": N_("is one of"),
    "empty": N_("is empty"),
    "filled": N_("is not empty"),
}
_EMPTY = ("empty", "filled")
_MOMENT = tuple(each for each in CHECKS if each.startswith(("duration:", "date:<", "date:>")))
#: The comparisons of a field, by its type.
CHECKS_OF = {
    "text": ("text:=", "text:!=", "text:contains", "text:in", *_EMPTY),
    "choice": ("text:=", "text:!=", "text:in", *_EMPTY),
    "name": ("text:=", "text:!=", "text:in", *_EMPTY),
    "number": (*(each for each in CHECKS if each.startswith("number:")), *_EMPTY),
    "boolean": ("boolean:=", "boolean:!=", *_EMPTY),
    "date": (*_MOMENT, "date:=", "date:!=", "date:in", *_EMPTY),
    "moment": (*_MOMENT, *_EMPTY),
}
UNITS = {"m": N_("minutes"), "h": N_("hours"), "d": N_("days"), "w": N_("weeks")}
#: Fields that every contact has: their type and their name in words.
BUILT_IN = {
    "group": ("name", N_("Group")),
    "last_reply": ("moment", N_("Last answer")),
    "last_sent": ("moment", N_("Last text sent")),
    "delivered": ("moment", N_("Last text delivered")),
    "campaign": ("name", N_("Texted by the campaign")),
    "consent": ("name", N_("Consent")),
    "name": ("text", N_("Name")),
    "number": ("text", N_("Number")),
    "language": ("text", N_("Language")),
    "time_zone": ("text", N_("Time zone")),
}
CONSENTS = ("in", "confirmed", "out", "suspected")


@dataclass(slots=True)
class Condition:
    """One row."""

    field: str = ""
    check: str = ""
    value: str = ""
    unit: str = "d"

    @property
    def kind(self) -> str:
        """The kind of its value; empty if it has none."""
        kind, mark, _ = self.check.partition(":")
        return kind if mark else ""

    @property
    def is_whole(self) -> bool:
        """True if nothing is missing."""
        return self.check in _EMPTY or (self.check in CHECKS and bool(self.value.strip()))


@dataclass(slots=True)
class Group:
    """Rows that belong together."""

    join: str = "and"
    parts: list[Condition | Group] = field(default_factory=list)


Node: TypeAlias = Condition | Group


def conditions_of(node: Node) -> Iterator[Condition]:
    """Yield all conditions."""
    if isinstance(node, Condition):
        yield node
        return
    for each in node.parts:
        yield from conditions_of(each)


def group_of(tree: Mapping[str, Any]) -> Group:
    """Return the rows for a tree of the API."""
    found = _node(tree)
    return found if isinstance(found, Group) else Group(parts=[found])


def _node(tree: Mapping[str, Any]) -> Node:
    for join in ("and", "or"):
        if join in tree:
            return Group(join, [_node(each) for each in tree[join]])
    if "not" in tree:
        return _negated(_node(tree["not"]))
    if tree["op"] == "is empty":
        return Condition(tree["field"], "empty")
    check, value = f"{tree['kind']}:{tree['op']}", tree["value"]
    if isinstance(value, list):
        if any("," in str(each) for each in value):
            return Group("or", [_condition(tree["field"], f"{tree['kind']}:=", each) for each in value])
        value = ", ".join(map(_written, value))
    return _condition(tree["field"], check, value)


def _condition(name: str, check: str, value: object) -> Condition:
    text = _written(value)
    return (
        Condition(name, check, text[:-1], text[-1]) if check.startswith("duration:") else Condition(name, check, text)
    )


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _negated(node: Node) -> Node:
    if isinstance(node, Group) and node.join in ("and", "or"):
        return Group(f"n{node.join}", node.parts)
    if isinstance(node, Condition) and node.check == "empty":
        return Condition(node.field, "filled")
    return Group("nand", [node])


def tree_of(node: Node) -> Json | None:
    """Return the tree of rows; None without a condition."""
    if isinstance(node, Condition):
        return _leaf(node) if node.field else None
    parts = [each for part in node.parts if (each := tree_of(part)) is not None]
    if not parts:
        return None
    joined = parts[0] if len(parts) == 1 else {node.join.removeprefix("n"): parts}
    return {"not": joined} if node.join.startswith("n") else joined


def _leaf(row: Condition) -> Json:
    if row.check in _EMPTY:
        empty = {"field": row.field, "op": "is empty"}
        return empty if row.check == "empty" else {"not": empty}
    kind, _, operator = row.check.partition(":")
    value: Any = row.value.strip()
    if operator == "in":
        value = [_value(kind, each.strip()) for each in value.split(",") if each.strip()]
    else:
        value = value + row.unit if kind == "duration" else _value(kind, value)
    return {"field": row.field, "op": operator, "kind": kind, "value": value}


def _value(kind: str, text: str) -> Any:
    """Return a value as the API takes it. A text that is not a number stays one, for the gateway to refuse."""
    if kind == "boolean":
        return text == "true"
    if kind != "number":
        return text
    return number_of(text)


def types_of(fields: Sequence[resources.ContactField]) -> dict[str, str]:
    """Return the type of each field."""
    return {
        **{name: kind for name, (kind, _) in BUILT_IN.items()},
        **{each["name"]: str(each["type"]) for each in fields},
    }


def read(form: Form, name: str, types: Mapping[str, str]) -> Group:
    """Return the rows that a form holds under a name."""
    root = Group(_join(form, name, "0"))
    known: dict[str, Group] = {"0": root}
    for entry in form.all(f"{name}-node"):
        path, _, kind = entry.partition(":")
        parent = known.get(path.rpartition(".")[0])
        if parent is None or path in known:
            continue
        if kind == "group":
            known[path] = Group(_join(form, name, path))
            parent.parts.append(known[path])
        else:
            parent.parts.append(_row(form, f"{name}-{path}", types))
    return root


def _join(form: Form, name: str, path: str) -> str:
    join = form.text(f"{name}-{path}-join")
    return join if join in JOINS else "and"


def _row(form: Form, name: str, types: Mapping[str, str]) -> Condition:
    chosen, check, value, unit = (form.text(f"{name}-{part}") for part in ("field", "check", "value", "unit"))
    row = Condition(chosen, check, value, unit if unit in UNITS else "d")
    allowed = CHECKS_OF[types.get(row.field, "text")]
    if row.check not in allowed:  # another field was chosen
        kind, row.check = row.kind, allowed[0]
        row.value = row.value if row.kind == kind else ""
    return row


def write(form: Form, name: str, root: Group) -> None:
    """Put rows into a form, in place of those under this name."""
    form.put({each: [] for each, _ in form.items() if each.startswith(f"{name}-") and each != f"{name}-mode"})
    nodes: list[str] = []
    _write(form, name, root, "0", nodes)
    form.put({f"{name}-node": nodes})


def _write(form: Form, name: str, node: Node, path: str, nodes: list[str]) -> None:
    if isinstance(node, Condition):
        nodes.append(f"{path}:row")
        values = {"field": node.field, "check": node.check, "value": node.value, "unit": node.unit}
        form.put({f"{name}-{path}-{each}": value for each, value in values.items()})
        return
    if path != "0":
        nodes.append(f"{path}:group")
    form.put({f"{name}-{path}-join": node.join})
    for at, part in enumerate(node.parts):
        _write(form, name, part, f"{path}.{at}", nodes)


def edit(root: Group, action: str, path: str) -> None:
    """Add a row or a group to the group at a path, or remove what is there."""
    steps = [int(step) for step in path.split(".")[1:] if is_digits(step) and len(step) < 4]
    if action == "remove" and steps:
        *steps, last = steps
        group = _at(root, steps)
        if group is not None and last < len(group.parts):
            del group.parts[last]
        return
    group = _at(root, steps)
    if group is not None and action == "add":
        group.parts.append(Condition())
    elif group is not None and action == "group" and len(steps) < DEEPEST - 1:
        group.parts.append(Group("or", [Condition()]))


def _at(root: Group, steps: Sequence[int]) -> Group | None:
    found = root
    for step in steps:
        inner = found.parts[step] if step < len(found.parts) else None
        if not isinstance(inner, Group):
            return None
        found = inner
    return found
