"""A rule as the fields of a form, and back. Its actions are rows; each kind has fields of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gsmgw.web.forms import Form
from gsmgw.wire import resources

#: The fields of an action, by its kind.
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "reply": ("text", "template"),
    "ask": ("text", "template", "field", "hours", "thanks", "again"),
    "forward": ("to",),
    "group_add": ("group",),
    "group_remove": ("group",),
    "set_field": ("field", "value"),
    "tag": ("tag",),
    "start": ("list",),
    "stop": ("list",),
    "enroll": ("drip",),
    "hook": ("name",),
}
#: Actions of one rule at most.
MOST = 20
#: The fields of the form by those of the API.
FIELDS: Mapping[str, str] = {
    "/name": "name",
    "/match": "words",
    "/priority": "priority",
    "/trigger": "trigger",
    "/when/hours": "hours",
    "/when/days": "days",
    "/when/modems": "modems",
    "/when/groups": "groups",
    "/from": "sender",
    "/text": "tried",
    "/modem": "modem",
    "/at": "at",
    "invalid_number": "sender",
    "wrong_state": "name",
    "unknown_modem": "modems",
}
#: The values of a new rule.
NEW: Mapping[str, str] = {"enabled": "1", "priority": "100", "row": "0", "a0-kind": "reply"}


def places(form: Form) -> dict[str, str]:
    """Return the fields of the form by those of the API, the actions included."""
    found: dict[str, str] = {}
    for at, row in enumerate(form.all("row")):
        kind = form.text(f"a{row}-kind")
        found |= {f"/actions/{at}/{name}": f"a{row}-{name}" for name in ACTIONS.get(kind, ())}
        found[f"/actions/{at}"] = f"a{row}-{ACTIONS.get(kind, ('text',))[0]}"
    return {**found, **FIELDS, "/actions": "actions"}


def values_of(rule: resources.Rule) -> dict[str, str | list[str]]:
    """Return the fields of the form for a rule."""
    match, when = rule["match"], rule["when"]
    words = match["value"] or []
    values: dict[str, str | list[str]] = {
        "name": rule["name"],
        "enabled": _tick(rule["enabled"]),
        "trigger": rule["trigger"],
        "kind": match["kind"],
        "words": words if isinstance(words, str) else "\n".join(words),
        "strict": _tick(match["strict"]),
        "trailing_words": str(match["trailing_words"] or ""),
        "hours": when["hours"] or "",
        "days": when["days"],
        "modems": when["modems"],
        "groups": when["groups"],
        "known": {None: "", True: "yes", False: "no"}[when["known"]],
        "unmatched": _tick(when["unmatched"]),
        "priority": str(rule["priority"]),
        "fall_through": _tick(rule["fall_through"]),
        "row": [str(at) for at in range(len(rule["actions"]))],
    }
    for at, action in enumerate(rule["actions"]):
        values |= _action_values(f"a{at}-", action)
    return values


def _action_values(prefix: str, action: resources.RuleAction) -> dict[str, str | list[str]]:
    given: Mapping[str, Any] = action
    values: dict[str, str | list[str]] = {f"{prefix}kind": action["kind"]}
    for name in ACTIONS[action["kind"]]:
        value = given.get(name)
        values[f"{prefix}{name}"] = "" if value is None else str(value)
    for name in ("thanks", "again"):
        values[f"{prefix}{name}-none"] = _tick(given.get(name) == "")
    return values


def _tick(is_set: bool) -> str | list[str]:
    return "1" if is_set else []


def rule_of(form: Form) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the actions and the rest of a rule, as the API takes them."""
    kind = form.text("kind") or "any"
    trigger = form.text("trigger") or "text"
    match: dict[str, Any] = {"kind": "any"}
    if trigger == "text" and kind != "any":
        match = {
            "kind": kind,
            "value": [line.strip() for line in form.text("words").split("\n") if line.strip()],
            "strict": form.checked("strict"),
        }
        if kind == "exact":
            match["trailing_words"] = form.whole("trailing_words") or 0
    when = {
        "modems": form.chosen("modems"),
        "hours": form.trimmed("hours"),
        "days": form.chosen("days"),
        "groups": form.chosen("groups"),
        "known": {"yes": True, "no": False}.get(form.text("known")),
        "unmatched": form.checked("unmatched"),
    }
    priority = form.whole("priority")
    rest = {
        "trigger": trigger,
        "match": match,
        "when": when,
        "fall_through": form.checked("fall_through"),
        "enabled": form.checked("enabled"),
        "priority": 100 if priority is None else priority,
    }
    return [_action(form, f"a{row}-") for row in form.all("row")], rest


def _action(form: Form, prefix: str) -> dict[str, Any]:
    kind = form.text(f"{prefix}kind")
    action: dict[str, Any] = {"kind": kind}
    for name in ACTIONS.get(kind, ()):
        if name in ("thanks", "again") and form.checked(f"{prefix}{name}-none"):
            action[name] = ""
        elif name == "hours":
            action |= {} if (hours := form.whole(f"{prefix}hours")) is None else {"hours": hours}
        elif name == "value":
            action[name] = form.text(f"{prefix}value")
        elif (value := form.trimmed(f"{prefix}{name}")) is not None:
            action[name] = form.text(f"{prefix}{name}") if name == "text" else value
    if kind not in ("reply", "ask"):  # these take one of two fields, and say so themselves
        action = {**{name: "" for name in ACTIONS.get(kind, ()) if name != "list"}, **action}
    if "template" in action:
        action.pop("text", None)
    return action


def change_rows(form: Form, action: str) -> bool:
    """Add or remove an action; return False if a button says something else."""
    rows = form.all("row")
    if action == "add":
        if len(rows) < MOST:
            new = str(next(at for at in range(MOST + 1) if str(at) not in rows))
            form.put({f"a{new}-{name}": [] for names in ACTIONS.values() for name in names})
            form.put({"row": [*rows, new], f"a{new}-kind": "reply"})
        return True
    if action.startswith("remove:"):
        form.put({"row": [row for row in rows if row != action.partition(":")[2]]})
        return True
    return action == "look"


def reordered(rules: list[resources.Rule], name: str, step: int) -> dict[str, int]:
    """Return the new priorities that move a rule one place; of two with the same, the older one comes first."""
    at = next((place for place, rule in enumerate(rules) if rule["name"] == name), -1)
    to = at + step
    if at < 0 or not 0 <= to < len(rules):
        return {}
    wanted = list(rules)
    wanted.insert(to, wanted.pop(at))
    changed: dict[str, int] = {}
    # The rule that is moved to the front takes the place of the other, so that as few as possible are changed.
    previous = (-1, "")
    for place, rule in enumerate(wanted):
        priority = rule["priority"]
        if place == min(at, to):
            priority = min(priority, wanted[place + 1]["priority"])
        key = (priority, rule["created_at"])
        if key <= previous:
            key = (previous[0] + (rule["created_at"] <= previous[1]), rule["created_at"])
        previous = key
        if key[0] != rule["priority"]:
            changed[rule["name"]] = key[0]
    return changed
