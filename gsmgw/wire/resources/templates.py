"""Saved templates."""

from __future__ import annotations

from typing_extensions import TypedDict

from gsmgw.wire.resources.common import Time, closed


@closed
class Template(TypedDict):
    """A text with fields, by its name."""

    name: str
    text: str
    created_at: Time
    changed_at: Time


@closed
class TemplateList(TypedDict):
    """All templates."""

    data: list[Template]
    next_cursor: str | None


@closed
class TemplatePreview(TypedDict):
    """The text that a template gives for one recipient, and how it would be sent."""

    text: str
    encoding: str
    segments: int
    units_left: int
    forcing: list[str]
    fields: list[str]
