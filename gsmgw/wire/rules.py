"""Rules as resources."""

from __future__ import annotations

from gsmgw.model.rules import Action, ActionKind, Hours, Match, SavedRule
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp

#: The names of the days, Monday first.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def hours_text(hours: Hours | None) -> str | None:
    """Return the times of hours; None for whole days."""
    if hours is None or hours.since == hours.until:
        return None
    return f"{hours.since:%H:%M}-{hours.until:%H:%M}"


def rule_resource(saved: SavedRule) -> resources.Rule:
    """Return a rule as a resource."""
    rule, when = saved.rule, saved.rule.when
    hours = when.hours
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
            "hours": hours_text(hours),
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
        case ActionKind.ASK if action.ask is not None:
            asked: resources.RuleAction = {
                "kind": action.kind,
                "field": action.ask.field,
                "hours": action.ask.hours,
                "thanks": action.ask.thanks,
                "again": action.ask.again,
            }
            if action.template is not None:
                asked["template"] = action.template
            else:
                asked["text"] = action.value
            return asked
        case ActionKind.ENROLL:
            return {"kind": action.kind, "drip": action.value}
        case _:
            return {"kind": action.kind, "name": action.value}
