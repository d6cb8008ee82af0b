"""Forms: their fields as they were typed, and the errors that stand beside them."""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping, Sequence

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from gsmgw.client import ApiError
from gsmgw.digits import is_digits
from gsmgw.web import words
from gsmgw.web.cookies import seed_of
from gsmgw.web.languages import N_, Translator
from gsmgw.web.security import form_token, is_own_origin

TOKEN_FIELD = "form_token"
#: A form takes at most this much, files included.
MAX_BYTES = 16 * 1024 * 1024


class NotFromHere(Exception):
    """A form that another site may have sent."""


class Form:
    """The fields of a form. ``errors`` are sentences by field; "" is the form as a whole."""

    def __init__(self, data: FormData | None = None, values: Mapping[str, str | Sequence[str]] | None = None) -> None:
        self._values: dict[str, list[str]] = {}
        self._files: dict[str, UploadFile] = {}
        self.errors: dict[str, str] = {}
        for name, value in [] if data is None else data.multi_items():
            if isinstance(value, str):  # browsers end lines with CR LF, which would count as two characters
                self._values.setdefault(name, []).append(value.replace("\r\n", "\n"))
            else:
                self._files[name] = value
        self.put(values or {})

    def put(self, values: Mapping[str, str | Sequence[str]]) -> None:
        """Fill in fields; an empty sequence removes one."""
        for name, value in values.items():
            self._values[name] = [value] if isinstance(value, str) else list(value)

    def text(self, name: str, default: str = "") -> str:
        """Return a field as it was typed."""
        return next(iter(self._values.get(name, ())), default)

    def trimmed(self, name: str) -> str | None:
        """Return a field without spaces around it; None if it is empty."""
        return self.text(name).strip() or None

    def all(self, name: str) -> list[str]:
        """Return all values of a field."""
        return list(self._values.get(name, ()))

    def chosen(self, name: str) -> list[str]:
        """Return the values of a field that are not empty, each once, without spaces around them."""
        return list(dict.fromkeys(each.strip() for each in self.all(name) if each.strip()))

    def items(self) -> list[tuple[str, str]]:
        """Return all fields with their values, as they were sent."""
        return [(name, value) for name, values in self._values.items() for value in values]

    def checked(self, name: str) -> bool:
        """Return True if a box is checked."""
        return bool(self.text(name))

    def whole(self, name: str) -> int | str | None:
        """Return a whole number; the text as it is where it is none, for the gateway to refuse; None if it is empty."""
        typed = self.trimmed(name)
        if typed is None:
            return None
        return int(typed) if is_digits(typed.removeprefix("-")) and len(typed) < 18 else typed

    async def file(self, name: str) -> bytes:
        """Return an uploaded file; empty if there is none."""
        found = self._files.get(name)
        return b"" if found is None else await found.read()

    def refuse(self, exc: ApiError, said: Translator, fields: Mapping[str, str]) -> None:
        """Put the errors of the gateway beside their fields. ``fields`` names the field for each JSON pointer.

        An error whose field is not on the form is shown above it. A missing right is not an error of the form and is
        raised again.
        """
        if exc.status == 401 or (exc.code == "forbidden" and "forbidden" not in fields):
            raise exc
        title = said.gettext(words.PROBLEM[exc.code]) if exc.code in words.PROBLEM else ""
        entries = exc.problem.get("errors") or []
        if not entries:
            self.errors[fields.get(exc.code, "")] = joined(title, exc.detail)
        for entry in entries:
            place = str(entry.get("pointer") or entry.get("parameter") or "")
            found = next(
                (name for start, name in fields.items() if place == start or place.startswith(start + "/")), ""
            )
            self.errors.setdefault(found, joined(title if len(entries) == 1 else "", str(entry["detail"])))


def number_of(typed: str) -> float | str:
    """Return a number with either decimal sign; the text as it is where it is none, for the gateway to refuse."""
    try:
        found = float(typed.replace(",", "."))
    except ValueError:
        return typed
    if not math.isfinite(found):
        return typed
    return int(found) if found.is_integer() else found


def joined(title: str, detail: str) -> str:
    """Return a sentence of the page, and what the gateway said."""
    if not title:
        return detail[:1].upper() + detail[1:]
    return title if not detail else f"{title} ({detail})"


async def read_form(request: Request) -> Form:
    """Return the form of a request. Raises :class:`NotFromHere` if another site may have sent it."""
    if not is_own_origin(request):
        raise NotFromHere
    length = request.headers.get("content-length", "")
    if not is_digits(length) or int(length) > MAX_BYTES:
        raise NotFromHere
    data = await request.form(max_files=4, max_fields=2000, max_part_size=MAX_BYTES)
    sent, seed = data.get(TOKEN_FIELD), seed_of(request)
    if not isinstance(sent, str) or not seed or not hmac.compare_digest(sent, form_token(seed)):
        raise NotFromHere
    return Form(data)


NOT_FROM_HERE = N_("This form has expired, or another site sent it. Nothing was changed. Open the page again.")
