"""A campaign as the fields of a form, and back. No value is lost on the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gsmgw.repetition import read_repeat
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.wire import resources

DAYS = {
    "mon": N_("Monday"),
    "tue": N_("Tuesday"),
    "wed": N_("Wednesday"),
    "thu": N_("Thursday"),
    "fri": N_("Friday"),
    "sat": N_("Saturday"),
    "sun": N_("Sunday"),
}
#: The steps of the wizard, with the fields whose errors belong there.
STEPS: Mapping[str, tuple[str, ...]] = {
    "audience": (
        "name", "groups", "segment", "numbers", "unanswered", "list", "except_groups", "without", "except_numbers",
        "recent_hours", "max_segments",
    ),
    "text": ("variants", "template", "ask-field", "ask-hours", "ask-thanks", "ask-again"),
    "time": (
        "hours", "days", "per_minute", "modems", "pool", "repeat", "time_zone", "trigger-field", "trigger-at",
        "trigger-days", "drip",
    ),
}  # fmt: skip
#: The fields of the form by those of the API.
FIELDS = {
    "/name": "name",
    "/audience/segment": "segment",
    "/audience/numbers": "numbers",
    "/audience/unanswered": "unanswered",
    "/audience": "groups",
    "/exclude/groups": "except_groups",
    "/exclude/segment": "without",
    "/exclude/numbers": "except_numbers",
    "/exclude/recent_hours": "recent_hours",
    "/exclude/max_segments": "max_segments",
    "/text": "variant-0",
    "/template": "template",
    "/list": "list",
    "/pace": "per_minute",
    "/windows/days": "days",
    "/windows": "hours",
    "/modems": "modems",
    "/pool": "pool",
    "/repeat": "repeat",
    "/time_zone": "time_zone",
    "/date_trigger/at": "trigger-at",
    "/date_trigger/days_before": "trigger-days",
    "/date_trigger": "trigger-field",
    "/drip": "drip",
    "/ask/hours": "ask-hours",
    "/ask/thanks": "ask-thanks",
    "/ask/again": "ask-again",
    "/ask": "ask-field",
    "/send_at": "send_at",
    "invalid_segment": "segment",
    "invalid_template": "variant-0",
    "unknown_modem": "modems",
    "unknown_pool": "pool",
    **{f"/variants/{at}": f"variant-{at}" for at in range(10)},
}
#: The values of a new campaign.
NEW: Mapping[str, str] = {"landlines": "1", "recent_hours": "24", "max_segments": "10", "variant": "", "weight": "1"}
_BETWEEN = re.compile(r"[\n,;|\t]+")


def step_of(errors: Mapping[str, str]) -> str | None:
    """Return the first step that has an error."""
    for step, fields in STEPS.items():
        if any(name in fields or (step == "text" and name.startswith("variant")) for name in errors):
            return step
    return None


def values_of(campaign: resources.Campaign) -> dict[str, str | list[str]]:
    """Return the fields of the form for a campaign."""
    audience, exclude, trigger, ask = (
        campaign["audience"],
        campaign["exclude"],
        campaign["date_trigger"],
        campaign["ask"],
    )
    values: dict[str, str | list[str]] = {
        "name": campaign["name"],
        "groups": audience["groups"],
        "segment": audience["segment"] or "",
        "numbers": "\n".join(audience["numbers"]),
        "unanswered": audience["unanswered"] or "",
        "list": campaign["list"] or "",
        "except_groups": exclude["groups"],
        "without": exclude["segment"] or "",
        "except_numbers": "\n".join(exclude["numbers"]),
        "recent_hours": str(exclude["recent_hours"]),
        "landlines": _tick(exclude["landlines"]),
        "unconfirmed": _tick(exclude["unconfirmed"]),
        "max_segments": str(exclude["max_segments"]),
        "template": campaign["template"] or "",
        "variant": [each["text"] for each in campaign["variants"]] or [""],
        "weight": [str(each["weight"]) for each in campaign["variants"]] or ["1"],
        "hours": campaign["windows"]["hours"] or "",
        "days": campaign["windows"]["days"],
        "per_minute": str(campaign["pace"]["per_minute"] or ""),
        "modems": campaign["modems"],
        "pool": campaign["pool"] or "",
        "repeat": campaign["repeat"] or "",
        "time_zone": campaign["time_zone"] or "",
        "drip": campaign["drip"] or "",
    }
    if trigger is not None:
        days = trigger["days_before"]
        values |= {
            "trigger-field": trigger["field"],
            "trigger-at": trigger["at"],
            "trigger-days": str(abs(days)),
            "trigger-side": "after" if days < 0 else "before",
            "trigger-yearly": _tick(trigger["yearly"]),
        }
    if ask is not None:
        values |= {"ask-field": ask["field"], "ask-hours": str(ask["hours"])}
        for name, text in (("thanks", ask["thanks"]), ("again", ask["again"])):
            values |= {f"ask-{name}": text or "", f"ask-{name}-none": _tick(text == "")}
    return values


def _tick(is_set: bool) -> str | list[str]:
    return "1" if is_set else []


def plan_of(form: Form, segment: str | None, without: str | None) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return name, audience and the rest of a campaign, as the API takes them.

    The segments are those of the form as texts. Raises ValueError if the repetition is not understood.
    """
    audience = {
        "groups": form.chosen("groups"),
        "segment": segment,
        "numbers": _numbers(form, "numbers"),
        "unanswered": form.trimmed("unanswered"),
    }
    rest: dict[str, Any] = {
        "exclude": _given(
            groups=form.chosen("except_groups"),
            segment=without,
            numbers=_numbers(form, "except_numbers"),
            recent_hours=form.whole("recent_hours"),
            landlines=form.checked("landlines"),
            unconfirmed=form.checked("unconfirmed"),
            max_segments=form.whole("max_segments"),
        ),
        "list": form.trimmed("list"),
        "drip": form.trimmed("drip"),
        **_text(form),
        **sending_of(form),
        **_times(form),
    }
    if field := form.trimmed("ask-field"):
        rest["ask"] = _given(field=field, hours=form.whole("ask-hours"), **_replies(form))
    return form.text("name").strip(), audience, rest


def _numbers(form: Form, name: str) -> list[str]:
    return list(dict.fromkeys(each.strip() for each in _BETWEEN.split(form.text(name)) if each.strip()))


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _replies(form: Form) -> dict[str, str | None]:
    return {
        name: "" if form.checked(f"ask-{name}-none") else form.trimmed(f"ask-{name}") for name in ("thanks", "again")
    }


def variants_in(form: Form) -> list[tuple[str, str]]:
    """Return the texts of the form with their weights."""
    weights = form.all("weight")
    return [(text, weights[at] if at < len(weights) else "1") for at, text in enumerate(form.all("variant") or [""])]


def _text(form: Form) -> dict[str, Any]:
    if template := form.trimmed("template"):
        return {"template": template}
    variants = variants_in(form)
    if len(variants) == 1:
        return {"text": variants[0][0]}
    weights = Form(values={str(at): weight for at, (_, weight) in enumerate(variants)})
    return {
        "variants": [_given(text=text, weight=weights.whole(str(at))) for at, (text, _) in enumerate(variants)],
    }


def sending_of(form: Form) -> dict[str, Any]:
    """Return what can be changed while a campaign runs."""
    return {
        "windows": {"hours": form.trimmed("hours"), "days": form.chosen("days")},
        "pace": {"per_minute": form.whole("per_minute")},
        "modems": form.chosen("modems"),
        "pool": form.trimmed("pool"),
    }


def _times(form: Form) -> dict[str, Any]:
    times: dict[str, Any] = {}
    if repeat := form.trimmed("repeat"):
        times["repeat"] = read_repeat(repeat)
        times["time_zone"] = form.trimmed("time_zone")
    if field := form.trimmed("trigger-field"):
        days = form.whole("trigger-days") or 0
        after = form.text("trigger-side") == "after" and isinstance(days, int)
        times["date_trigger"] = {
            "field": field,
            "at": form.trimmed("trigger-at") or "09:00",
            "days_before": -days if after and isinstance(days, int) else days,
            "yearly": form.checked("trigger-yearly"),
        }
    return times
