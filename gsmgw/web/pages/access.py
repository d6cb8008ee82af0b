"""Signing in and out, the first account, and choices that need no account."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web import cookies, words
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.pages.start import is_first_time
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

WRONG = N_("The name or the password is wrong.")


async def sign_in(view: View) -> Response:
    """Show the form, or that of the first account where there is none."""
    if view.visitor is not None:
        return view.redirect("/")
    if (await view.gateway.setup())["needed"]:
        return view.redirect("/setup")
    return view.render("sign_in.html", form=Form(), next=view.back_to(view.asked("next")))


async def enter(view: View) -> Response:
    """Sign in."""
    form = await view.form()
    following = view.back_to(form.text("next"))
    request = view.request
    try:
        session = await _sign_in(view, form.text("name").strip(), form.text("password"))
    except ApiError as exc:
        known = words.PROBLEM.get(exc.code)
        form.errors[""] = view.say(WRONG) if exc.status in (401, 422) else view.say(known) if known else exc.detail
        return view.render("sign_in.html", 401 if exc.status in (401, 422) else exc.status, form=form, next=following)
    if following == "/" and await is_first_time(view, await view.site.sessions.visitor(session["token"])):
        following = "/start"
    response = view.redirect(following)
    cookies.keep_session(request, response, session["token"])
    return response


async def _sign_in(view: View, name: str, password: str) -> resources.NewSession:
    """Sign a user in, with the address and the program of the browser."""
    request = view.request
    source = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    return await view.gateway.sign_in(name, password, source=source, agent=agent)


async def sign_out(view: View) -> Response:
    """End the session."""
    await view.form()
    token = cookies.session_of(view.request)
    try:
        current = next((each for each in await view.gateway.sessions() if each["current"]), None)
        if current is not None:
            await view.gateway.request("DELETE", f"/v1/sessions/{current['id']}")
    finally:
        view.site.sessions.forget(token)
    response = view.redirect("/sign-in", done="signed_out")
    cookies.forget_session(view.request, response)
    return response


async def setup(view: View) -> Response:
    """Show the form of the first account."""
    if not (await view.gateway.setup())["needed"]:
        return view.redirect("/sign-in")
    return view.render("setup.html", form=Form(values={"code": view.asked("code")}))


async def create_owner(view: View) -> Response:
    """Create the first account and sign in."""
    form = await view.form()
    name, password = form.text("name").strip(), form.text("password")
    if password != form.text("again"):
        form.errors["again"] = view.say(N_("The two passwords differ."))
        return view.render("setup.html", 422, form=form)
    zone = view.request.cookies.get("gsmgw_zone") or None
    try:
        await view.gateway.set_up(
            form.text("code").strip(), name, password, language=view.look.words.language, time_zone=zone
        )
    except ApiError as exc:
        form.refuse(
            exc,
            view.look.words,
            {"/code": "code", "/name": "name", "/password": "password", "forbidden": "code"},
        )
        return view.render("setup.html", exc.status, form=form)
    session = await _sign_in(view, name, password)
    response = view.redirect("/start")
    cookies.keep_session(view.request, response, session["token"])
    return response


async def choose(view: View) -> Response:
    """Keep the colours or the language that a visitor chose."""
    form = await view.form()
    response = view.redirect(view.back_to(form.text("back")))
    if (theme := form.text("theme")) in ("light", "dark", "auto"):
        cookies.keep_choice(view.request, response, "gsmgw_theme", theme)
    if (language := form.text("language")) in view.site.languages:
        cookies.keep_choice(view.request, response, "gsmgw_language", language)
        if view.visitor is not None:
            await view.gateway.request("PATCH", "/v1/users/me", json={"language": language})
            view.site.sessions.forget(view.visitor.token)
    return response


PAGES = [
    Page("/sign-in", sign_in, is_open=True),
    Page("/sign-in", enter, "POST", is_open=True),
    Page("/sign-out", sign_out, "POST"),
    Page("/setup", setup, is_open=True),
    Page("/setup", create_owner, "POST", is_open=True),
    Page("/choose", choose, "POST", is_open=True),
]
