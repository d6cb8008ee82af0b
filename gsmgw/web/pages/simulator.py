"""The phones and modems of the simulator, for trying the gateway without hardware."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from gsmgw.client import ApiError, AsyncClient
from gsmgw.web.forms import Form, joined
from gsmgw.web.languages import N_
from gsmgw.web.live.regions import of_kinds, partial, region
from gsmgw.web.look import Look
from gsmgw.web.routing import Page
from gsmgw.web.simulator import Simulator, SimulatorGone, SimulatorRefused
from gsmgw.web.view import View

#: Texts of a phone that are shown.
LIMIT = 50
#: Faults that a person can try, and how long they last; seconds.
FAULTS = {"network-lost": 60, "hang": 30, "slow": 60, "cms-error": 60, "deaf-inbound": None}
_GONE = N_("The simulator does not answer. Start it again: gsmgw demo")


async def simulator(view: View) -> Response:
    """Show the phones, the texts of one of them, and the modems."""
    return await _show(view, Form(values={"phone": view.asked("phone")}))


async def _show(view: View, form: Form, status: int = 200) -> Response:
    if not view.site.settings.simulator:
        return view.render("simulator.html", status, form=form, state=None, phone=None, gone=False, regions=[])
    number = form.text("phone").strip()
    try:
        context = await _state(Simulator(view.site.settings.simulator), number)
    except SimulatorRefused as exc:
        form.errors["phone"] = joined("", str(exc))
        return await _show(view, _without(form, "phone"), 422)
    except SimulatorGone:
        form.errors[""] = view.say(_GONE)
        return view.render("simulator.html", 503, form=form, state=None, phone=None, gone=True, regions=[])
    shown = context["phone"]["number"] if context["phone"] else ""
    return view.render(
        "simulator.html", status, form=form, gone=False, faults=FAULTS, regions=[f"simulator:{shown}"], **context
    )


def _without(form: Form, name: str) -> Form:
    """Return a form without one of its fields, and with its errors."""
    left = Form(values={"text": form.text("text"), "to": form.text("to"), "asked": form.text(name)})
    left.errors = form.errors
    return left


async def _state(simulator: Simulator, number: str) -> dict[str, Any]:
    """Return the modems, the phones, and the texts of a phone: the first one if none is named."""
    state = await simulator.ask("status")
    phones = state["phones"]
    chosen = number or (phones[0]["number"] if phones else "")
    phone = await simulator.ask("phone", number=chosen) if chosen else None
    if phone is not None and all(each["number"] != phone["number"] for each in phones):
        state = await simulator.ask("status")
    return {"state": state, "phone": phone, "texts": [] if phone is None else _texts(phone)}


def _texts(phone: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a phone sent and received, in the order of time."""
    texts = [{"mine": True, "peer": each["to"], **each} for each in phone["sent"][-LIMIT:]]
    texts += [{"mine": False, "peer": each["sender"], **each} for each in phone["received"][-LIMIT:]]
    return sorted(texts, key=lambda each: float(each["t"]))[-LIMIT:]


async def act(view: View) -> Response:
    """Type a text as a phone, or plug, unplug or disturb a modem."""
    form = await view.form()
    if not view.look.may_send:
        raise ApiError(403, {"code": "forbidden", "detail": ""})
    if not view.site.settings.simulator:
        return view.redirect("/simulator")
    simulator, phone, modem = Simulator(view.site.settings.simulator), form.text("phone"), form.text("modem")
    action = form.text("action")
    try:
        if action == "send":
            if not form.text("text").strip():
                form.errors["text"] = view.say(N_("Write a text."))
                return await _show(view, form, 422)
            await simulator.ask("send", **{"from": phone, "to": form.text("to"), "text": form.text("text")})
        elif action in ("unplug", "replug"):
            await simulator.ask(action, modem=modem)
        elif action == "fault":
            kind = form.text("kind")
            await simulator.ask("fault", modem=modem, kind=kind if kind in FAULTS else "clear", for_s=FAULTS.get(kind))
    except SimulatorRefused as exc:
        form.errors["text" if action == "send" else ""] = joined("", str(exc))
        return await _show(view, form, 409)
    except SimulatorGone:
        return await _show(view, form, 503)
    return view.redirect("/simulator", phone=phone, done="simulated")


@region("simulator", of_kinds("message.", "modem.", "sim."))
async def _simulator_region(look: Look, _: AsyncClient, number: str) -> str:
    try:
        context = await _state(Simulator(look.site.settings.simulator), number)
    except (SimulatorGone, SimulatorRefused):
        return ""
    fragments = {"phones": "phones", "phone-texts": "phone_texts", "simulated-modems": "simulated_modems"}
    return "".join(partial(name, look.part(f"fragments/{file}.html", **context)) for name, file in fragments.items())


PAGES = [Page("/simulator", simulator), Page("/simulator", act, "POST")]
