"""Parser of command lines (ITU-T V.250 5.2): several commands in one line, basic and extended, in four forms."""

from __future__ import annotations

import re
from typing import NamedTuple

EXTENDED = "+^$*#%!_"
_ONE = re.compile(r'([+^$*#%!_][A-Z0-9!%\-./:_]*)(=\?|\?|=[^;"]*(?:"[^"]*"[^;"]*)*)?', re.IGNORECASE)


#: A character of a string constant given by its code (V.250 5.4.2.2).
_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{2})")


class Command(NamedTuple):
    """One command: upper-case name, form (``run``, ``read``, ``test``, ``set``) and the text after the equals sign."""

    name: str
    form: str
    text: str


class BadLine(ValueError):
    """A command line that is not valid."""


_FORMS = {"": "run", "?": "read", "=?": "test"}


def _extended(name: str, rest: str) -> Command:
    form = _FORMS.get(rest)
    return Command(name.upper(), "set", rest[1:]) if form is None else Command(name.upper(), form, "")


def _squeeze(line: str) -> str:
    """Return the line without spaces outside quotes; V.250 5.2.1 allows them anywhere."""
    if " " not in line:
        return line
    pieces = line.split('"')
    pieces[::2] = [piece.replace(" ", "") for piece in pieces[::2]]
    return '"'.join(pieces)


def parse_line(line: str) -> list[Command]:
    """Return the commands of a line without its ``AT``. Raises BadLine."""
    whole = _ONE.fullmatch(line)
    if whole:
        return [_extended(whole[1], whole[2] or "")]
    line = _squeeze(line)
    found: list[Command] = []
    at = 0
    while at < len(line):
        char = line[at].upper()
        if char == ";":
            at += 1
        elif char in EXTENDED:
            match = _ONE.match(line, at)
            if match is None:
                raise BadLine(line)
            found.append(_extended(match[1], match[2] or ""))
            at = match.end()
            if at < len(line) and line[at] != ";":
                raise BadLine(line)
        elif char == "D":
            found.append(Command("D", "run", line[at + 1 :]))
            at = len(line)
        else:
            match = re.compile(r"(&?[A-Z]|\\[A-Z])([0-9]*)(\?|=\?|=[0-9]*)?", re.IGNORECASE).match(line, at)
            if match is None:
                raise BadLine(line)
            name, number, rest = match[1].upper(), match[2], match[3] or ""
            if name == "S":
                name, number = f"S{number or 0}", ""
            if rest:
                found.append(_extended(name, rest))
            else:
                found.append(Command(name, "run", number))
            at = match.end()
    return found


def split_args(text: str) -> list[str | None]:
    """Return the values between commas, without quotes; an omitted value is None. Raises BadLine for a lone quote."""
    if '"' not in text:
        return [part.strip() or None for part in text.split(",")]
    values: list[str | None] = []
    at = 0
    while True:
        while at < len(text) and text[at] == " ":
            at += 1
        if at < len(text) and text[at] == '"':
            end = text.find('"', at + 1)
            if end < 0:
                raise BadLine(text)
            values.append(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text[at + 1 : end]))
            at = text.find(",", end)
            if text[end + 1 : at if at >= 0 else len(text)].strip():
                raise BadLine(text)
        else:
            end = text.find(",", at)
            values.append(text[at : end if end >= 0 else len(text)].strip() or None)
            at = end
        if at < 0:
            return values
        at += 1
