"""The list of screens that the tests in a browser look at has them all."""

from __future__ import annotations

from page.screens import ELSEWHERE, FILLED, NO_SCREENS, unknown_screens

from gsmgw.web.application import PAGES

ROUTES = [page.path for page in PAGES if page.method == "GET"]


def test_every_screen_is_looked_at() -> None:
    assert unknown_screens(ROUTES) == []


def test_the_list_has_nothing_else() -> None:
    assert (set(FILLED) | NO_SCREENS | ELSEWHERE) - set(ROUTES) == set()
