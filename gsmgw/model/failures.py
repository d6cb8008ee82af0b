"""Why a message was not sent or not delivered, as users see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class MessageError:
    """The reason for a failure, a refusal or a doubt. ``code`` is stable, ``title`` is a sentence.

    ``cms`` and ``cme`` are the numbers of +CMS ERROR (TS 27.005 3.2.5) and +CME ERROR (TS 27.007 9.2),
    ``report_status`` is TP-ST (TS 23.040 9.2.3.15). ``our_fault`` means that the gateway built a PDU that the network
    does not take.
    """

    code: str
    title: str
    modem: str | None = None
    cms: int | None = None
    cme: int | None = None
    report_status: int | None = None
    our_fault: bool | None = None

    def as_json(self) -> dict[str, str | int | bool]:
        """Return the JSON object, without fields that are None."""
        return {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}

    def dumps(self) -> str:
        """Return the JSON object as text."""
        return json.dumps(self.as_json())

    @classmethod
    def of_json(cls, found: Mapping[str, object]) -> MessageError:
        """Read what :meth:`as_json` wrote; :class:`ValueError` for anything else. Unknown fields are ignored."""
        code, title = _value(found, "code", str), _value(found, "title", str)
        if code is None or title is None:
            raise ValueError(f"not the error of a message: {dict(found)!r}")
        return cls(
            code,
            title,
            modem=_value(found, "modem", str),
            cms=_value(found, "cms", int),
            cme=_value(found, "cme", int),
            report_status=_value(found, "report_status", int),
            our_fault=_value(found, "our_fault", bool),
        )


_FIELDS = tuple(field.name for field in fields(MessageError))
V = TypeVar("V")


def _value(found: Mapping[str, object], name: str, kind: type[V]) -> V | None:
    """Return a value of that type, or None where there is none; ValueError for one of another type."""
    value = found.get(name)
    if value is not None and not isinstance(value, kind):
        raise ValueError(f"not the error of a message: {name} is {value!r}")
    return value
