"""/v1/rules"""

from __future__ import annotations

from typing import Annotated, Literal, cast

from fastapi import Query, Response
from pydantic import Field, field_validator, model_validator

from gsmgw.api.ask_body import AskIn
from gsmgw.api.body import Body
from gsmgw.api.context import Context
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Flag, Moment, Tag, Text
from gsmgw.api.openapi import problems
from gsmgw.api.paging import ListQuery, page_of
from gsmgw.api.routes.groups import Name
from gsmgw.api.routing import api_router
from gsmgw.automation.rules import Trial
from gsmgw.http.json_response import JSONResponse
from gsmgw.model.rules import Action, ActionKind, Condition, Hours, Match, MatchKind, Rule, Trigger
from gsmgw.store.rules import hours_of
from gsmgw.templates import SOURCE_LIMIT
from gsmgw.wire import resources
from gsmgw.wire.rules import DAYS, action_resource, rule_resource

router = api_router("/v1/rules")

_UNKNOWN, _CHANGED = problems(404), problems(404, 409)
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Value = Annotated[Text, Field(min_length=1, max_length=500)]


class MatchIn(Body):
    """Condition on a text. Case, accents, punctuation and emoji do not count, unless ``strict``."""

    kind: MatchKind
    value: Value | list[Value] | None = Field(None, description="A word or several; not for any")
    strict: Flag = False
    trailing_words: int = Field(
        0, ge=0, le=20, strict=True, description="With exact: maximum number of words that may follow"
    )

    def match(self) -> Match:
        """Return it for the service."""
        values = [] if self.value is None else [self.value] if isinstance(self.value, str) else self.value
        return Match(self.kind, tuple(values), self.strict, self.trailing_words)


class HoursIn(Body):
    """Times of the day and days of the week, in the time zone of the other side."""

    hours: Text | None = Field(None, description="08:00-18:00")
    days: list[Day] = Field(default_factory=list, max_length=7)

    @field_validator("hours")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        try:
            hours_of(value, ())
        except ValueError:
            raise ValueError(f"{value!r} is not a valid time of the day: write 08:00-18:00") from None
        return value

    def read(self) -> Hours | None:
        """Return them for the service."""
        return hours_of(self.hours, tuple(sorted({DAYS.index(day) for day in self.days})))


class WhenIn(HoursIn):
    """When a rule applies."""

    modems: list[Name] = Field(default_factory=list, max_length=64)
    groups: list[Name] = Field(default_factory=list, max_length=100)
    known: Flag | None = Field(None, description="Whether the sender is a contact")
    unmatched: Flag = Field(False, description="Only if no earlier rule matched")

    def condition(self) -> Condition:
        """Return it for the service."""
        return Condition(tuple(self.modems), self.read(), tuple(self.groups), self.known, self.unmatched)


class ReplyText(Body):
    """The text of an answer."""

    text: Annotated[Text, Field(max_length=SOURCE_LIMIT)] | None = Field(None, description="Liquid: Hello {{ name }}")
    template: Name | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> ReplyText:
        if (self.text is None) == (self.template is None):
            raise ValueError("give either text or template")
        return self


class ReplyIn(ReplyText):
    """Answer the sender."""

    kind: Literal["reply"]

    def action(self) -> Action:
        """Return it for the service."""
        return Action(ActionKind.REPLY, self.text or "", template=self.template)


class ForwardIn(Body):
    """Send the text to somebody else."""

    kind: Literal["forward"]
    to: Annotated[Text, Field(max_length=64)]

    def action(self) -> Action:
        """Return it for the service."""
        return Action(ActionKind.FORWARD, self.to)


class GroupActionIn(Body):
    """Add the sender to a group, or remove it."""

    kind: Literal["group_add", "group_remove"]
    group: Name

    def action(self) -> Action:
        """Return it for the service."""
        return Action(ActionKind(self.kind), self.group)


class SetFieldIn(Body):
    """Set a field of the sender's contact."""

    kind: Literal["set_field"]
    field: Name
    value: Annotated[Text, Field(max_length=SOURCE_LIMIT, description="Liquid: {{ rest }} is what follows the keyword")]

    def action(self) -> Action:
        """Return it for the service."""
        return Action(ActionKind.SET_FIELD, self.value, self.field)


class TagIn(Body):
    """Tag the received message."""

    kind: Literal["tag"]
    tag: Tag

    def action(self) -> Action:
        """Return it for the service."""
        return Action(ActionKind.TAG, self.tag)


class ConsentIn(Body):
    """Record consent, or an opt-out."""

    kind: Literal["start", "stop"]
    list: Name = "*"

    def action(self) -> Action:
        """Return it for the service."""
        return Action(ActionKind(self.kind), self.list)


class HookIn(Body):
    """Write the event rule.hook, for hooks and webhooks."""

    kind: Literal["hook"]
    name: Name

    def action(self) -> Action:
        """Return it for the service."""
        return Action(ActionKind.HOOK, self.name)


class AskActionIn(ReplyText, AskIn):
    """Answer the sender with a question. The next text sets a field of the contact."""

    kind: Literal["ask"]

    def action(self) -> Action:
        """Return it for the service."""
        return Action(ActionKind.ASK, self.text or "", template=self.template, ask=self.ask())


class EnrollIn(Body):
    """Enroll the sender in a drip, once."""

    kind: Literal["enroll"]
    drip: Name

    def action(self) -> Action:
        """Return it for the service."""
        return Action(ActionKind.ENROLL, self.drip)


ActionIn = Annotated[
    ReplyIn | ForwardIn | GroupActionIn | SetFieldIn | TagIn | ConsentIn | HookIn | EnrollIn | AskActionIn,
    Field(discriminator="kind"),
]


class RuleBody(Body):
    """A rule without its name."""

    priority: int = Field(100, ge=0, le=1000, strict=True, description="The smallest comes first")
    trigger: Trigger = Trigger.TEXT
    match: MatchIn = Field(default_factory=lambda: MatchIn(kind=MatchKind.ANY))
    when: WhenIn = Field(default_factory=WhenIn)
    actions: list[ActionIn] = Field(min_length=1, max_length=20)
    fall_through: Flag = Field(False, description="Look at later rules as well")
    enabled: Flag = True

    def rule(self, name: str) -> Rule:
        """Return it for the service."""
        return Rule(
            name=name,
            priority=self.priority,
            trigger=self.trigger,
            match=self.match.match(),
            when=self.when.condition(),
            actions=tuple(action.action() for action in self.actions),
            fall_through=self.fall_through,
            enabled=self.enabled,
        )


class RuleIn(RuleBody):
    """A new rule."""

    name: Name


class TrialIn(Body):
    """A text to try."""

    sender: Annotated[Text, Field(max_length=64)] = Field(alias="from")
    text: Text = Field(max_length=SOURCE_LIMIT)
    modem: Name | None = None
    at: Moment | None = None


@router.get("", response_model=resources.RuleList)
async def index(ctx: Ctx, query: Annotated[ListQuery, Query()]) -> Response:
    """List all rules, or a page of them, in the order in which they are looked at."""
    page, more = page_of(await ctx.rules.all(), query, lambda saved: (saved.rule.priority, saved.id))
    return JSONResponse({"data": list(map(rule_resource, page)), "next_cursor": more})


@router.post("", status_code=201, response_model=resources.Rule, responses=problems(404, 409))
async def create(ctx: Ctx, body: RuleIn) -> Response:
    """Create a rule."""
    return JSONResponse(rule_resource(await ctx.rules.create(body.rule(body.name))), 201)


@router.post("/test", response_model=resources.RuleTrial)
async def test(ctx: Ctx, body: TrialIn) -> Response:
    """Show what a text would do, which rule it meets, and why each other one does not apply. Nothing is sent."""
    at_ms = None if body.at is None else round(body.at.timestamp() * 1000)
    trial = await ctx.rules.test(body.sender, body.text, body.modem or _first_modem(ctx), at_ms)
    return JSONResponse(_trial(trial))


@router.get("/{name}", response_model=resources.Rule, responses=_UNKNOWN)
async def show(ctx: Ctx, name: str) -> Response:
    """Show one rule."""
    return JSONResponse(rule_resource(await ctx.rules.get(name)))


@router.put("/{name}", response_model=resources.Rule, responses={201: {"description": "Created"}, **_CHANGED})
async def put(ctx: Ctx, name: Name, body: RuleBody) -> Response:
    """Create a rule, or replace the one of this name. A suspension ends."""
    saved, is_new = await ctx.rules.put(body.rule(name))
    return JSONResponse(rule_resource(saved), 201 if is_new else 200)


@router.delete("/{name}", status_code=204, responses=_UNKNOWN)
async def delete(ctx: Ctx, name: str) -> Response:
    """Delete a rule."""
    await ctx.rules.delete(name)
    return Response(status_code=204)


def _first_modem(ctx: Context) -> str:
    return next(iter(ctx.modems), "")


def _trial(trial: Trial) -> resources.RuleTrial:
    matched = [verdict.rule.rule for verdict in trial.verdicts if verdict.matches]
    consent = None if trial.reading is None else trial.reading.meaning.value
    taken: str | None = None
    if consent is not None:
        taken = f"the text is understood as {consent} (consent)"
    elif trial.question is not None:
        taken = f"the text answers the question for {trial.question.field}"
    return {
        "consent": consent,
        "question": None
        if trial.question is None
        else {"field": trial.question.field, "readable": trial.question.readable},
        "rule": matched[0].name if matched and taken is None else None,
        "actions": [_trial_action(trial, rule, action) for rule in matched if taken is None for action in rule.actions],
        "others": [
            {"rule": verdict.rule.rule.name, "why_not": verdict.why_not or taken or ""}
            for verdict in trial.verdicts
            if taken is not None or not verdict.matches
        ],
    }


def _trial_action(trial: Trial, rule: Rule, action: Action) -> resources.RuleTrialAction:
    shown = cast("resources.RuleTrialAction", {"rule": rule.name, **action_resource(action)})
    if action in trial.answers:
        shown["value" if action.kind is ActionKind.SET_FIELD else "text"] = trial.answers[action]
    elif action.kind is not ActionKind.SET_FIELD:
        shown.pop("text", None)  # it could not be written
    if action in trial.problems:
        shown["problem"] = trial.problems[action]
    return shown
