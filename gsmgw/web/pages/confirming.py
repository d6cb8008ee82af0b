"""A question before what cannot be undone, for browsers without JavaScript; with it, page.js asks and says so."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.web.forms import TOKEN_FIELD, Form
from gsmgw.web.view import View

#: The field that says that the question was answered.
SURE = "sure"


def question(view: View, form: Form, sentence: str, back: str) -> Response | None:
    """Return a page that asks, with the form in it; None if the answer was yes already."""
    if form.checked(SURE):
        return None
    kept = [(name, value) for name, value in form.items() if name != TOKEN_FIELD]
    return view.render("confirm.html", question=sentence, kept=kept, back=back, sure=SURE)
