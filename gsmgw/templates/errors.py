"""Errors of a template, or of the fields that it is rendered with."""

from __future__ import annotations


class TemplateError(Exception):
    """A template is not valid. ``line`` and ``column`` begin at 1; None if the place is not known."""

    def __init__(self, detail: str, line: int | None = None, column: int | None = None) -> None:
        self.detail = detail
        self.line = line
        self.column = column
        place = "" if line is None else f"line {line}, column {column}: "
        super().__init__(f"{place}{detail}")


class EmptyField(TemplateError):
    """A field that the template shows is empty for this recipient."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f'the field "{field}" is empty; give a value or a default: {{{{ {field} | default: "..." }}}}')
