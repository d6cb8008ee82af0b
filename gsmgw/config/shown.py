"""The settings in effect, each with its line in the file and its meaning: what a person sees of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from gsmgw.config.confidential import redacted
from gsmgw.config.explaining import section_of
from gsmgw.config.file import Config
from gsmgw.config.lines import Lines, Place
from gsmgw.config.meanings import MEANINGS

#: An inline table that is shown as one value.
_WHOLE = "match"


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as it is shown. ``line`` is None if the file does not set it."""

    key: str
    value: Any
    is_set: bool
    line: int | None
    meaning: str


def shown(config: Config, text: str) -> Iterator[Shown]:
    """Yield all settings of a configuration without secrets, in the order of the sections; ``text`` is its file."""
    yield from _of(config, redacted(config), Lines(text), (), ())


def _of(model: BaseModel, content: dict[str, Any], lines: Lines, place: Place, key: tuple[str, ...]) -> Iterator[Shown]:
    section = next((part for part in reversed(place) if isinstance(part, str)), "")
    for name, field in type(model).model_fields.items():
        value, inner = getattr(model, name), section_of(field.annotation)
        here, named = (*place, name), (*key, name)
        if inner is None or name == _WHOLE or value is None:
            is_set = name in model.model_fields_set
            line = lines.of(here) if is_set else None
            yield Shown(".".join(named), content[name], is_set, line, MEANINGS.get(f"{section}.{name}", ""))
        elif isinstance(value, list):
            for number, each in enumerate(value):
                label = getattr(each, "name", "") or str(number + 1)
                yield from _of(each, content[name][number], lines, (*here, number), (*named, label))
        else:
            yield from _of(value, content[name], lines, here, named)
