"""The values of information lines, as modems write them rather than as the standards say."""

from __future__ import annotations

from gsmgw.digits import is_digits


def after_prefix(line: str) -> str:
    """Return the text after the colon of an information line, or the whole line where there is none."""
    _, colon, rest = line.partition(":")
    return rest.strip() if colon else line.strip()


def split_fields(text: str) -> list[str]:
    """Split comma-separated values, without their quotes and blanks.

    A comma inside quotes belongs to the value. A quote that is never closed ends at the next comma, because some modems
    write ``"0B,"0100701",7``.
    """
    if '"' not in text:
        return [part.strip() for part in text.split(",")]
    fields: list[str] = []
    at, end = 0, len(text)
    while at <= end:
        while at < end and text[at] in " \t":
            at += 1
        if at < end and text[at] == '"':
            close = _closing_quote(text, at + 1)
            if close >= 0:
                fields.append(text[at + 1 : close])
                comma = text.find(",", close)
                at = comma + 1 if comma >= 0 else end + 1
                continue
        comma = text.find(",", at)
        stop = comma if comma >= 0 else end
        fields.append(text[at:stop].strip().strip('"'))
        at = stop + 1
    return fields


def _closing_quote(text: str, start: int) -> int:
    """Return where a quoted value ends that begins at ``start``; -1 where its quotation mark is missing.

    A quotation mark with neither a comma nor the end after it is part of the value: ``"TV 32" for 99"``. A value does
    not reach over a comma with a quotation mark after it: there the next value begins.
    """
    limit = text.find(',"', start)
    close = text.find('"', start)
    while close >= 0:
        if text[close + 1 :].lstrip()[:1] in ("", ","):
            return close if limit < 0 or close <= limit else -1
        close = text.find('"', close + 1)
    return -1


def integer(text: str) -> int | None:
    """Parse a decimal number, with or without quotes and sign; None for anything else."""
    text = text.strip().strip('"')
    digits = text[1:] if text[:1] == "-" else text
    return int(text) if is_digits(digits) and len(digits) < 10 else None


def groups(text: str) -> list[list[str]]:
    """Split the response of a test command into its groups: ``("SM","ME"),("SM")`` -> ``[[SM, ME], [SM]]``.

    Doubled parentheses are flattened. A bare value counts as a group of one, an empty pair as an empty group.
    """
    found: list[list[str]] = []
    depth, start = 0, 0
    for at, char in enumerate(text):
        if char == "(":
            if depth == 0 or text[start:at].strip() == "":
                start = at + 1
            depth += 1
        elif char == ")" and depth:
            inner = text[start:at]
            if inner.strip() or (depth == 1 and text[at - 1] == "("):
                found.append([value for value in split_fields(inner) if value])
            depth -= 1
            start = at + 1
        elif char == "," and depth == 0:
            if value := text[start:at].strip().strip('"'):
                found.append([value])
            start = at + 1
    if depth == 0 and (value := text[start:].strip().strip('"')):
        found.append([value])
    return found
