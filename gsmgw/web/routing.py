"""The routes of the page, and what happens around each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gsmgw.client import ApiError, NoAnswer, NoDaemon, part
from gsmgw.web import cookies, words
from gsmgw.web.forms import NOT_FROM_HERE, TOKEN_FIELD, NotFromHere, joined
from gsmgw.web.languages import N_
from gsmgw.web.live.hub import Hub
from gsmgw.web.security import Forwarded, Headers
from gsmgw.web.settings import WebSettings
from gsmgw.web.site import Site
from gsmgw.web.view import View, look_of

Handler: TypeAlias = Callable[[View], Awaitable[Response]]

#: The field that says that a question was answered with yes.
SURE = "sure"
UNREACHABLE = N_("The gateway is not running or cannot be reached. This page tries again by itself.")


class Page:
    """A route of the page. An open one needs no session.

    ``asks`` are the questions before what cannot be undone, by the action of the form, "" without one. ``named`` is the
    field of the form, or the part of the path, that is ``%(name)s`` in a question, and ``back`` where "no" leads to.
    """

    def __init__(
        self,
        path: str,
        handler: Handler,
        method: str = "GET",
        *,
        is_open: bool = False,
        asks: Mapping[str, str] | None = None,
        named: str = "name",
        back: str = "",
    ) -> None:
        self.path = path
        self.handler = handler
        self.method = method
        self.is_open = is_open
        self.asks = asks or {}
        self.named = named
        self.back = back or path


class Web:
    """The dashboard as an application."""

    def __init__(self, settings: WebSettings, pages: Sequence[Page]) -> None:
        self._pages = pages
        questions = {(page.path, action): sentence for page in pages for action, sentence in page.asks.items()}
        self.site = Site(settings, frozenset(page.path for page in pages), questions)
        self.hub = Hub(self.site.sessions)

    def application(self) -> ASGIApp:
        """Return the ASGI application."""
        routes = [Route("/static/{name:path}", self.site.assets.serve), Route("/health/live", _alive)]
        routes += [Route(page.path, self._endpoint(page), methods=[page.method]) for page in self._pages]
        app: ASGIApp = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers={404: self._missing})
        app = GZipMiddleware(app, minimum_size=600, compresslevel=5)
        return Forwarded(Headers(app, self.site.settings), self.site.settings)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with self.hub.running():
            yield
        await self.site.sessions.close()

    def _endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            view = View(
                self.site,
                self.hub,
                request,
                look_of(self.site, request, None),
                None,
                cookies.seed_of(request) or cookies.new_seed(),
            )
            try:
                return await self._answer(page, view)
            except NotFromHere:
                return view.render(
                    "problem.html", 403, title=view.say(N_("Not accepted")), detail=view.say(NOT_FROM_HERE)
                )
            except NoAnswer as exc:
                return view.render("problem.html", 504, title=view.say(N_("No answer")), detail=exc.reason)
            except NoDaemon:
                title = view.say(N_("Gateway not reachable"))
                return view.render("problem.html", 503, title=title, detail=view.say(UNREACHABLE), again=True)
            except ApiError as exc:
                return _refused(view, exc)

        return endpoint

    async def _answer(self, page: Page, view: View) -> Response:
        token = cookies.session_of(view.request)
        if token:
            try:
                view.visitor = await self.site.sessions.visitor(token)
            except ApiError as exc:
                if exc.status != 401:
                    raise
        if view.visitor is not None:
            view.look = look_of(self.site, view.request, view.visitor)
        elif not page.is_open:
            return self._to_sign_in(view)
        try:
            asked = await _question(page, view) if page.asks else None
            return asked or await page.handler(view)
        except ApiError as exc:
            if exc.status == 401 and not page.is_open:
                self.site.sessions.forget(token)
                return self._to_sign_in(view)
            raise

    def _to_sign_in(self, view: View) -> Response:
        if view.is_fragment:
            return Response(status_code=204, headers={"HX-Redirect": view.look.url("/sign-in")})
        request = view.request
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return view.redirect("/sign-in", next=wanted if request.method == "GET" and wanted != "/" else None)

    async def _missing(self, request: Request, _: Exception) -> Response:
        view = View(
            self.site,
            self.hub,
            request,
            look_of(self.site, request, None),
            None,
            cookies.seed_of(request) or cookies.new_seed(),
        )
        return view.render("problem.html", 404, title=view.say(N_("This page does not exist")), detail="")


async def _question(page: Page, view: View) -> Response | None:
    """Return a page that asks whether to go on, with the form in it; None if there is nothing to ask, or yes was said.

    With JavaScript, page.js asks and says so. This page is for browsers without it.
    """
    form = await view.form()
    sentence = page.asks.get(form.text("action"))
    if sentence is None or form.checked(SURE):
        return None
    kept = [(name, value) for name, value in form.items() if name != TOKEN_FIELD]
    places = view.request.path_params
    asked = view.say(sentence, name=form.text(page.named) or places.get(page.named, ""))
    back = page.back.format(**{name: part(value) for name, value in places.items()})
    return view.render("confirm.html", question=asked, kept=kept, back=back, sure=SURE)


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _refused(view: View, exc: ApiError) -> Response:
    title = words.PROBLEM.get(exc.code)
    shown = view.say(title) if title else joined("", str(exc.problem.get("title") or exc.detail))
    return view.render("problem.html", exc.status, title=shown, detail=joined("", exc.detail))
