"""Actions that cannot be undone are confirmed, with and without JavaScript, in the same words."""

from __future__ import annotations

import inspect
import re

import pytest
from support.catalogue import FOLDER

from gsmgw.web.application import PAGES

#: Questions that know more, or less, than the page without JavaScript.
OWN = {"Delete this draft?", "Merge the other contact into this one? It is deleted."}


def test_the_questions_of_buttons_are_those_of_the_routes() -> None:
    asked = set()
    for template in (FOLDER / "templates").rglob("*.html"):
        for sentence in re.findall(r'data-ask="\{\{ (.*?) \}\}"', template.read_text(encoding="utf-8")):
            found = re.match(r"ask\('([^']+)', ?'([^']*)'|ask\('([^']+)'\)", sentence)
            if found:
                asked.add((found[1] or found[3], found[2] or ""))
            else:
                assert sentence.removeprefix("_('").removesuffix("')") in OWN
    known = {(page.path, action) for page in PAGES for action in page.asks}
    assert asked | {("/contacts/{id}", "merge")} == known


@pytest.mark.parametrize("page", [page for page in PAGES if page.method == "POST"], ids=lambda page: page.path)
def test_a_route_that_deletes_asks(page: object) -> None:
    source = inspect.getsource(page.handler)  # type: ignore[attr-defined]
    if re.search(r"\.(delete_\w+|revoke_token|undo_import|opt_out)\(", source):
        assert page.asks  # type: ignore[attr-defined]
