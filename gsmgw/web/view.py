"""One request of a browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gsmgw.client import AsyncClient
from gsmgw.web import cookies, words
from gsmgw.web.forms import Form, read_form
from gsmgw.web.languages import choose
from gsmgw.web.live.hub import Hub
from gsmgw.web.look import Look, zone_named
from gsmgw.web.security import form_token
from gsmgw.web.sessions import Visitor
from gsmgw.web.site import Site

#: Rows of a page.
PER_PAGE = 50
_THEMES = ("light", "dark")


@dataclass(slots=True)
class View:
    """A request, who makes it, and how to answer."""

    site: Site
    hub: Hub
    request: Request
    look: Look
    visitor: Visitor | None
    seed: str

    @property
    def gateway(self) -> AsyncClient:
        """The client with the rights of the user."""
        return self.site.sessions.anyone if self.visitor is None else self.visitor.gateway

    @property
    def is_fragment(self) -> bool:
        """True if the page asks for a part of itself."""
        return self.request.headers.get("hx-request") == "true"

    def asked(self, name: str) -> str:
        """Return a parameter of the address, or an empty text."""
        return self.request.query_params.get(name, "").strip()

    async def page_of(self, read: Callable[..., Awaitable[Any]], path: str, name: str = "cursor") -> dict[str, Any]:
        """Return a page of a list: its ``rows``, and the addresses of the ``following`` and of the ``first`` page.

        ``name`` is the parameter with the cursor. ``read`` is a call of the client with ``limit`` and ``cursor``.
        """
        cursor = self.asked(name)
        page = await read(limit=PER_PAGE, cursor=cursor or None)
        following = page["next_cursor"]
        return {
            "rows": page["data"],
            "following": self.look.url(path, **{name: following}) if following else "",
            "first": self.look.url(path) if cursor else "",
        }

    def day(self, text: str, days: int = 0) -> str | None:
        """Return the beginning of a day in the user's time zone, that many days later; None if it is not a date."""
        try:
            day = datetime.combine(datetime.fromisoformat(text).date() + timedelta(days=days), time(), self.look.zone)
        except (ValueError, OverflowError):
            return None
        return day.isoformat()

    def path(self, name: str) -> str:
        """Return a parameter of the path."""
        found: str = self.request.path_params[name]
        return found

    async def form(self) -> Form:
        """Return the form that was sent."""
        return await read_form(self.request)

    def say(self, sentence: str, **values: object) -> str:
        """Return a sentence in the user's language."""
        return self.look.words.gettext(sentence, **values)

    def render(self, template: str, status: int = 200, /, **context: object) -> Response:
        """Answer with a page."""
        done = words.DONE.get(self.asked("done"))
        shared: dict[str, object] = {
            "view": self,
            "user": None if self.visitor is None else self.visitor.user,
            "path": self.request.url.path,
            "form_token": form_token(self.seed),
            "done": None if done is None else self.say(done),
            "theme": self.look.theme,
        }
        response = HTMLResponse(self.look.part(template, **{**shared, **context}), status)
        if cookies.seed_of(self.request) != self.seed:
            cookies.keep_seed(self.request, response, self.seed)
        return response

    def redirect(self, path: str, **query: object) -> Response:
        """Answer a form: the browser opens another page."""
        return RedirectResponse(self.look.url(path, **query), 303)

    def back_to(self, path: str) -> str:
        """Return a path of this site to go back to; ``/`` if another site is named."""
        parts = urlsplit(path)
        safe = path.startswith("/") and not parts.netloc and not path.startswith(("//", "/\\")) and "\n" not in path
        return path if safe else "/"


def look_of(site: Site, request: Request, visitor: Visitor | None) -> Look:
    """Return how the page looks to a browser: as its user chose, else as the browser asks."""
    user = None if visitor is None else visitor.user
    wanted = [
        "" if user is None else (user["language"] or "").partition("-")[0],
        cookies.choice_of(request, "gsmgw_language"),
    ]
    language = next((each for each in wanted if each in site.languages), None)
    if language is None:
        language = choose(request.headers.get("accept-language", ""), site.languages)
    theme = cookies.choice_of(request, "gsmgw_theme")
    return Look(
        site,
        site.languages[language],
        zone_named((user and user["time_zone"]) or request.cookies.get("gsmgw_zone", "")),
        user["role"] if user else "",
        theme if theme in _THEMES else "",
    )
