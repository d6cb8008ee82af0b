"""Users and their sessions."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.client import ApiError, part
from gsmgw.digits import is_digits
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View

FIELDS = {"/name": "name", "/password": "password", "/role": "role", "wrong_state": ""}
_REMOVE = N_("Remove the user %(name)s? All devices of this person are signed out.")


async def users(view: View) -> Response:
    """List the users, with the form for one."""
    return await _show(view, Form(values={"role": "operator"}))


async def _show(view: View, form: Form, status: int = 200) -> Response:
    return view.render("users.html", status, form=form, **await view.page_of(view.gateway.user_page, "/users"))


async def add(view: View) -> Response:
    """Add a user."""
    form = await view.form()
    try:
        await view.gateway.create_user(form.text("name").strip(), form.text("password"), form.text("role"))
    except ApiError as exc:
        form.refuse(exc, view.look.words, {**FIELDS, "wrong_state": "name"})
        return await _show(view, form, exc.status)
    return view.redirect("/users", done="saved")


async def user(view: View) -> Response:
    """Show one user."""
    return await _one(view, Form())


async def _one(view: View, form: Form, status: int = 200) -> Response:
    found = await view.gateway.user(view.path("name"))
    return view.render("user.html", status, person=found, form=form)


async def change(view: View) -> Response:
    """Change the role or the password of a user, disable, enable or remove the user."""
    form = await view.form()
    name, action, gateway = view.path("name"), form.text("action"), view.gateway
    here = f"/users/{part(name)}"
    try:
        if action == "remove":
            await gateway.delete_user(name)
            return view.redirect("/users", done="deleted")
        if action == "role":
            await gateway.change_user(name, role=form.text("role"))
        elif action == "password":
            await gateway.change_user(name, password=form.text("password"))
        elif action in ("disable", "enable"):
            await gateway.change_user(name, disabled=action == "disable")
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _one(view, form, exc.status)
    return view.redirect(here, done="saved")


async def sessions(view: View) -> Response:
    """List where people are signed in: the user's own sessions, for owners all."""
    return view.render("sessions.html", sessions=await view.gateway.sessions())


async def end_session(view: View) -> Response:
    """End a session."""
    form = await view.form()
    number = form.text("session")
    await view.gateway.end_session(int(number) if is_digits(number) else 0)
    return view.redirect("/sessions", done="ended")


PAGES = [
    Page("/users", users),
    Page("/users", add, "POST"),
    Page("/users/{name}", user),
    Page("/users/{name}", change, "POST", asks={"remove": _REMOVE}),
    Page("/sessions", sessions),
    Page("/sessions", end_session, "POST"),
]
