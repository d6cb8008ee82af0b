"""Why a message was not sent or not delivered, as users see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields


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
        values = {name: found[name] for name in _FIELDS if found.get(name) is not None}
        if any(not isinstance(value, _KINDS[name]) for name, value in values.items()):
            raise ValueError(f"not the error of a message: {dict(found)!r}")
        try:
            return cls(**values)  # type: ignore[arg-type]  # checked in the line above
        except TypeError:
            raise ValueError(f"not the error of a message: {dict(found)!r}") from None


_FIELDS = tuple(field.name for field in fields(MessageError))
_KINDS: dict[str, type] = {
    "code": str,
    "title": str,
    "modem": str,
    "cms": int,
    "cme": int,
    "report_status": int,
    "our_fault": bool,
}
