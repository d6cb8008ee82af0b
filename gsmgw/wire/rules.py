"""Rules as resources."""

from __future__ import annotations

from gsmgw.model.rules import Action, ActionKind, Match, SavedRule
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp

#: The names of the days, Monday first.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def rule_resource(saved: SavedRule) -> resources.Rule:
    """Return a rule as a resource."""
    rule, when = saved.rule, saved.rule.when
    hours = when.hours
    whole_day = hours is not None and hours.since == hours.until
    return {
        "name": rule.name,
        "priority": rule.priority,
        "trigger": rule.trigger,
        "match": {
            "kind": rule.match.kind,
            "value": _value(rule.match),
            "strict": rule.match.strict,
            "trailing_words": rule.match.trailing_words,
        },
        "when": {
            "modems": list(when.modems),
            "hours": None if hours is None or whole_day else f"{hours.since:%H:%M}-{hours.until:%H:%M}",
            "days": [] if hours is None else [DAYS[day] for day in hours.days],
            "groups": list(when.groups),
            "known": when.known,
            "unmatched": when.unmatched,
        },
        "actions": list(map(action_resource, rule.actions)),
        "fall_through": rule.fall_through,
        "enabled": rule.enabled,
        "suspended": saved.suspended,
        "created_at": stamp(saved.created_ms),
        "changed_at": stamp(saved.changed_ms),
    }


def _value(match: Match) -> str | list[str] | None:
    if not match.values:
        return None
    return match.values[0] if len(match.values) == 1 else list(match.values)


def action_resource(action: Action) -> resources.RuleAction:
    """Return an action as a resource."""
    match action.kind:
        case ActionKind.REPLY if action.template is not None:
            return {"kind": action.kind, "template": action.template}
        case ActionKind.REPLY:
            return {"kind": action.kind, "text": action.value}
        case ActionKind.FORWARD:
            return {"kind": action.kind, "to": action.value}
        case ActionKind.GROUP_ADD | ActionKind.GROUP_REMOVE:
            return {"kind": action.kind, "group": action.value}
        case ActionKind.SET_FIELD:
            return {"kind": action.kind, "field": action.field, "value": action.value}
        case ActionKind.TAG:
            return {"kind": action.kind, "tag": action.value}
        case ActionKind.START | ActionKind.STOP:
            return {"kind": action.kind, "list": action.value or "*"}
        case ActionKind.HOOK:
            return {"kind": action.kind, "name": action.value}
