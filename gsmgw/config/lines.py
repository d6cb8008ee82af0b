"""Line numbers of the tables and keys of a TOML text."""

from __future__ import annotations

import re

#: The place of a key: names, and the numbers of tables in arrays.
Place = tuple[int | str, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r'^\s*("[^"]+"|[A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=')


class Lines:
    """The line of each key; an inline table has the line of its key."""

    def __init__(self, text: str) -> None:
        self._known = _key_lines(text)

    def of(self, place: Place) -> int | None:
        """Return the line of a key, or else of the table that it belongs to."""
        while place:
            for known in (place, (*place, 0)):  # the first of an array, where one table was expected
                if known in self._known:
                    return self._known[known]
            place = place[:-1]
        return None

    def located(self, place: Place, message: str) -> str:
        """Return a message with its line in front of it."""
        line = self.of(place)
        return f"line {line}: {message}" if line else message

    def sorted(self, found: list[tuple[Place, str]]) -> list[str]:
        """Return messages in the order of their lines, with the lines in front of them."""
        ordered = sorted((self.of(place) or 0, message) for place, message in found)
        return [f"line {line}: {message}" if line else message for line, message in ordered]


def _key_lines(text: str) -> dict[Place, int]:
    """Return the line number of each table and key."""
    lines: dict[tuple[int | str, ...], int] = {}
    counts: dict[str, int] = {}
    table: tuple[int | str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):  # TOML allows no other line ending
        if header := _HEADER.match(line):
            parts = [part.strip().strip('"') for part in header[2].split(".")]
            table = ()
            for depth, part in enumerate(parts):
                last = depth == len(parts) - 1
                table += (part,)
                if last and header[1] == "[[":
                    counts[part] = counts.get(part, -1) + 1
                if part in counts:
                    table += (counts[part],)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            path = table + tuple(part.strip().strip('"') for part in key[1].split("."))
            lines.setdefault(path, number)
    return lines
