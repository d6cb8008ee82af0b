"""Backups: the list, a new one, and how to restore one."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web.forms import Form
from gsmgw.web.routing import Page
from gsmgw.web.view import View


async def backups(view: View) -> Response:
    """List the backups."""
    return await _show(view, Form())


async def _show(view: View, form: Form, status: int = 200) -> Response:
    return view.render("backups.html", status, form=form, backups=await view.gateway.backups())


async def create(view: View) -> Response:
    """Back up now."""
    form = await view.form()
    try:
        await view.gateway.create_backup()
    except ApiError as exc:
        form.refuse(exc, view.look.words, {})
        return await _show(view, form, exc.status)
    return view.redirect("/backups", done="backed_up")


PAGES = [Page("/backups", backups), Page("/backups", create, "POST")]
