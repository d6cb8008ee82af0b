"""The settings of a user: language, colours, time zone and password."""

from __future__ import annotations

from zoneinfo import available_timezones

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web import cookies
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View

FIELDS = {
    "/password": "password",
    "/time_zone": "time_zone",
    "/current_password": "current",
    "forbidden": "current",
}


async def settings(view: View) -> Response:
    """Show the choices of the user."""
    assert view.visitor is not None
    return _show(view, Form(values={"time_zone": view.visitor.user["time_zone"] or ""}))


def _show(view: View, form: Form, status: int = 200) -> Response:
    return view.render("settings.html", status, form=form, zones=sorted(available_timezones()))


async def save(view: View) -> Response:
    """Save the time zone, or a new password: it ends all sessions of the user."""
    assert view.visitor is not None
    form = await view.form()
    token = view.visitor.token
    try:
        if form.text("action") == "password":
            if form.text("password") != form.text("again"):
                form.errors["again"] = view.say(N_("The two passwords differ."))
                return _show(view, form, 422)
            body = {"password": form.text("password"), "current_password": form.text("current")}
            await view.gateway.request("PATCH", "/v1/users/me", json=body)
            view.site.sessions.forget(token)
            response = view.redirect("/sign-in", done="password")
            cookies.forget_session(view.request, response)
            return response
        await view.gateway.request("PATCH", "/v1/users/me", json={"time_zone": form.trimmed("time_zone")})
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return _show(view, form, exc.status)
    view.site.sessions.forget(token)
    return view.redirect("/settings", done="saved")


PAGES = [Page("/settings", settings), Page("/settings", save, "POST")]
