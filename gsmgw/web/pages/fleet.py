"""The fleet at its hub: the nodes with their modems, and messages of silent ones."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.digits import is_digits
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View


async def fleet(view: View) -> Response:
    """List the nodes, the silent ones first."""
    return await _show(view, Form())


async def _show(view: View, form: Form, status: int = 200) -> Response:
    found = await view.gateway.fleet()
    nodes = sorted(found["nodes"], key=lambda node: (not node["silent"], node["name"]))
    return view.render("fleet.html", status, fleet=found, nodes=nodes, form=form, result=_result(view))


def _result(view: View) -> str:
    moved, in_doubt, left = (view.asked(name) for name in ("moved", "in_doubt", "left"))
    if not (is_digits(moved) and is_digits(in_doubt) and is_digits(left)):
        return ""
    sentence = N_("Moved: %(moved)s. Moved though perhaps sent already: %(in_doubt)s. Left with the node: %(left)s.")
    return view.say(sentence, moved=moved, in_doubt=in_doubt, left=left)


async def move(view: View) -> Response:
    """Let other nodes send what a silent node has."""
    form = await view.form()
    try:
        done = await view.gateway.move_node(view.path("name"), risk=form.text("action") == "risk")
    except ApiError as exc:
        form.refuse(exc, view.look.words, {"wrong_state": "", "not_found": ""})
        return await _show(view, form, exc.status)
    return view.redirect("/fleet", moved=str(done["moved"]), in_doubt=str(done["in_doubt"]), left=str(done["left"]))


_ASKS = {
    "move": N_("Let other nodes send what %(name)s has not taken? Nothing is sent twice."),
    "risk": N_(
        "Let other nodes send all that %(name)s has? What it has sent already without telling so is sent twice, and "
        "its recipients get the text again."
    ),
}
PAGES = [Page("/fleet", fleet), Page("/fleet/{name}", move, "POST", asks=_ASKS, back="/fleet")]
