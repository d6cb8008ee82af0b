"""The settings of the gateway, explained, and the reload of its file."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web.forms import Form
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources


async def configuration(view: View) -> Response:
    """Show the settings: those of the file, or all."""
    return await _show(view, Form())


async def _show(view: View, form: Form, status: int = 200, reloaded: resources.Reload | None = None) -> Response:
    found = await view.gateway.configuration()
    words = view.asked("q").lower()
    shown_all = bool(words) or view.asked("show") == "all" or not any(_is_set(each) for each in found["settings"])
    settings = [each for each in found["settings"] if (shown_all or _is_set(each)) and _fits(each, words)]
    return view.render(
        "configuration.html",
        status,
        form=form,
        file=found["file"],
        problem=found["problem"],
        pending=found["pending"],
        sections=[(name, list(group)) for name, group in groupby(settings, _section)],
        waits=lambda key: any(key == each or key.startswith(each + ".") for each in found["pending"]),
        reloaded=reloaded,
        shown_all=shown_all,
        q=view.asked("q"),
        readable=_readable,
    )


def _is_set(setting: resources.Setting) -> bool:
    return setting["source"] != "default"


def _fits(setting: resources.Setting, words: str) -> bool:
    return words in setting["key"].lower() or words in setting["meaning"].lower()


def _section(setting: resources.Setting) -> str:
    """Return the section of a setting: ``gateway``, ``modem office``, ``modem office limits``."""
    return " ".join(setting["key"].split(".")[:-1]) or setting["key"]


def _readable(value: Any) -> str:
    """Return a value as it is written in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(_readable(each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_readable(each)}' for name, each in value.items())} }}"
    return str(value)


async def reload(view: View) -> Response:
    """Have the gateway read its file again, and show what was applied."""
    form = await view.form()
    try:
        reloaded = await view.gateway.reload()
    except ApiError as exc:
        form.refuse(exc, view.look.words, {})
        return await _show(view, form, exc.status)
    return await _show(view, form, reloaded=reloaded)


PAGES = [Page("/configuration", configuration), Page("/configuration", reload, "POST")]
