"""A row of the command table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..at.reply import Handler

Form = Handler | str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One command: what answers its four forms (a text stands for itself, after the name), and its clause.

    ``needs``: ``power`` always works, ``sim`` wants an unlocked SIM (CME errors), ``sms`` the message service too
    (CMS errors).
    """

    name: str
    clause: str
    run: Form = None
    read: Form = None
    test: Form = None
    set: Form = None
    needs: Literal["power", "sim", "sms"] = "power"
