"""The texts of answers about consent, by kind and language. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

#: The kinds of answers.
ReplyKind = Literal["stop", "start", "help", "question"]
#: A text by language.
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Replies:
    """The texts that the configuration gives; others are the defaults. ``name`` begins the default ones."""

    name: str = ""
    texts: Mapping[ReplyKind, Texts] = field(default_factory=dict)

    def text(self, kind: ReplyKind, languages: Sequence[str], own: Texts, list_name: str | None) -> str:
        """Return an answer: of the list (``own``), of the configuration, or the default, in the first language."""
        for texts in (own, self.texts.get(kind, {})):
            if texts:
                return next(
                    (texts[language] for language in languages if language in texts), next(iter(texts.values()))
                )
        defaults = _defaults()
        language = next((each for each in languages if each in defaults), "en")
        begin = f"{self.name}: " if self.name else ""
        return defaults[language][kind].format(name=begin, list="" if list_name is None else f" ({list_name})")


@cache
def _defaults() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(files("gsmgw.audience.consent").joinpath("replies.toml").read_text(encoding="utf-8"))
