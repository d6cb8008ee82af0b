"""Drips as resources."""

from __future__ import annotations

from gsmgw.model.drips import DripEnd, Follower, SavedDrip, Step
from gsmgw.model.questions import Ask
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.rules import DAYS, hours_text


def drip_resource(saved: SavedDrip, active: int, ended: dict[str, int]) -> resources.Drip:
    """Return a drip as a resource."""
    drip = saved.drip
    return {
        "name": drip.name,
        "steps": list(map(_step, drip.steps)),
        "purpose": drip.purpose,
        "list": drip.list,
        "ends_on_answer": drip.ends_on_answer,
        "late_hours": drip.late_hours,
        "windows": {
            "hours": hours_text(drip.hours),
            "days": [] if drip.hours is None else [DAYS[day] for day in drip.hours.days],
        },
        "paused": saved.paused,
        "people": {"active": active, "ended": {DripEnd(reason): number for reason, number in ended.items()}},
        "created_at": stamp(saved.created_ms),
        "changed_at": stamp(saved.changed_ms),
    }


def _step(step: Step) -> resources.DripStep:
    if step.template is not None:
        return {"delay": step.delay, "template": step.template}
    return {"delay": step.delay, "text": step.text}


def person_resource(saved: SavedDrip, person: Follower, name: str | None) -> resources.DripPerson:
    """Return where a person stands as a resource."""
    steps = len(saved.drip.steps)
    waits = person.reason is None and person.planned
    return {
        "drip": saved.drip.name,
        "number": person.number,
        "name": name,
        "source": person.source,
        "reason": person.reason,
        "step": min(person.step + 1, steps),
        "steps": steps,
        "due_at": stamp(person.due_ms) if waits else None,
        "enrolled_at": stamp(person.enrolled_ms),
        "ended_at": stamp(person.ended_ms),
    }


def ask_resource(ask: Ask) -> resources.Ask:
    """Return what a message asks as a resource."""
    return {"field": ask.field, "hours": ask.hours, "thanks": ask.thanks, "again": ask.again}
