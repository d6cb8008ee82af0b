"""The wizard of a campaign: audience, text and time as steps of one form, so that nothing is lost between them."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.digits import is_digits
from gsmgw.web import campaign_forms as forms
from gsmgw.web.forms import TOKEN_FIELD, Form
from gsmgw.web.languages import N_
from gsmgw.web.pages import segments
from gsmgw.web.pages.texting import metered, ways
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

STEPS = {"audience": N_("Who gets it"), "text": N_("Text"), "time": N_("Time")}
#: Texts of one campaign at most.
MOST_TEXTS = 10
#: The states of campaigns whose recipients may have answered.
_ENDED = ("running", "paused", "finished", "canceled")


async def new_campaign(view: View) -> Response:
    """Show the first step of a new campaign."""
    asked = {name: view.asked(name) for name in ("unanswered", "groups", "segment", "name") if view.asked(name)}
    return await _show(view, Form(values={**forms.NEW, **asked}), None)


async def edit(view: View) -> Response:
    """Show a draft in the form."""
    found = await view.gateway.campaign(view.path("id"))
    form = Form(values=forms.values_of(found))
    form.put({"step": view.asked("step")})
    return await _show(view, form, found)


async def save(view: View) -> Response:
    """Go to another step of a new campaign, or save its draft."""
    return await _answer(view, await view.form(), None)


async def change(view: View) -> Response:
    """Go to another step of a draft, or save it again."""
    form = await view.form()
    return await _answer(view, form, await view.gateway.campaign(view.path("id")))


async def _answer(view: View, form: Form, known: resources.Campaign | None) -> Response:
    action = form.text("action")
    if await segments.change(view, form):
        return await _show(view, form, known, 422 if form.errors else 200)
    segment, without = await segments.settle(view, form, "segment"), await segments.settle(view, form, "without")
    if action == "add" or action.startswith("remove:"):
        _change_texts(form, action)
        return await _show(view, form, known)
    if form.errors or action.startswith("step:"):
        return await _show(view, form, known, 422 if form.errors else 200)
    try:
        name, audience, rest = forms.plan_of(form, segment, without)
    except ValueError as exc:
        form.errors["repeat"] = str(exc)[:1].upper() + str(exc)[1:]
        return await _show(view, form, known, 422)
    try:
        if known is None:
            made = await view.gateway.create_campaign(name, audience, **rest)
        else:
            made = await view.gateway.put_campaign(known["id"], name, audience, **rest)
    except ApiError as exc:
        form.refuse(exc, view.look.words, forms.FIELDS)
        return await _show(view, form, known, exc.status)
    return view.redirect(f"/campaigns/{made['id']}", done="draft" if known is None else "saved")


def _change_texts(form: Form, action: str) -> None:
    texts = forms.variants_in(form)
    if action == "add" and len(texts) < MOST_TEXTS:
        texts.append(("", "1"))
    at = action.partition(":")[2]
    if is_digits(at) and int(at[:3]) < len(texts) > 1:
        del texts[int(at[:3])]
    form.put({"variant": [text for text, _ in texts], "weight": [weight for _, weight in texts]})


def _step(form: Form) -> str:
    """Return the step to show: that of an error, the one that was asked for, or the present one."""
    wanted = form.text("action").partition("step:")[2] or form.text("step")
    step = wanted if wanted in STEPS else "audience"
    return forms.step_of(form.errors) or step


async def _show(view: View, form: Form, known: resources.Campaign | None, status: int = 200) -> Response:
    gateway, step = view.gateway, _step(form)
    modems, pools = await ways(view)
    context: dict[str, object] = {}
    shown = set(forms.STEPS[step])
    if step == "audience":
        builders = {name: await segments.shown(view, form, name) for name in segments.NAMES}
        earlier = [each for each in await gateway.campaigns() if each["state"] in _ENDED]
        context = {"builders": builders, "earlier": earlier, "lists": await gateway.consent_lists()}
    elif step == "text":
        variants = forms.variants_in(form)
        context = {
            "variants": variants,
            "meters": [await metered(view, text, form.chosen("numbers")) for text, _ in variants],
            "templates": await gateway.templates(),
        }
    else:
        context = {"drips": await gateway.drips()}
    return view.render(
        "campaign_form.html",
        status,
        form=form,
        campaign=known,
        step=step,
        steps=STEPS,
        carried=_carried(form, step, shown),
        groups=await gateway.groups(),
        fields=await gateway.fields(),
        modems=modems,
        pools=pools,
        days=forms.DAYS,
        most_texts=MOST_TEXTS,
        **context,
    )


#: Further fields of a step besides those that can have errors, by the beginning of their names.
_OF_STEP = {
    "audience": ("landlines", "unconfirmed", "segment-", "without-"),
    "text": ("variant", "weight", "ask-"),
    "time": ("trigger-",),
}


def _carried(form: Form, step: str, shown: set[str]) -> list[tuple[str, str]]:
    """Return the fields of the other steps."""
    skipped = {TOKEN_FIELD, "step", "action", "builder", *shown}
    return [
        (name, value) for name, value in form.items() if name not in skipped and not name.startswith(_OF_STEP[step])
    ]


PAGES = [
    Page("/campaigns/new", new_campaign),
    Page("/campaigns/new", save, "POST"),
    Page("/campaigns/{id}/edit", edit),
    Page("/campaigns/{id}/edit", change, "POST"),
]
