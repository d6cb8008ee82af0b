"""Languages of the page: catalogues of gettext, read once at the start."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.pofile import read_po

FOLDER = Path(__file__).with_name("languages")
#: The language of the sources.
SOURCE = "en"


class Translator:
    """Translates the sentences of the page into one language. A sentence without a translation stays as it is."""

    def __init__(self, language: str, entries: Mapping[str, str | tuple[str, ...]]) -> None:
        self.language = language
        self.locale = Locale.parse(language)
        self._entries = entries

    def gettext(self, sentence: str, **values: object) -> str:
        """Return a sentence with its ``%(name)s`` filled in."""
        found = self._entries.get(sentence) or sentence
        text = found if isinstance(found, str) else found[0]
        return text % values if values else text.replace("%%", "%")

    def ngettext(self, one: str, many: str, number: int, **values: object) -> str:
        """Return the sentence for a number; it is ``%(n)s`` in the sentence."""
        found = self._entries.get(one)
        forms = found if isinstance(found, tuple) else (one, many)
        return forms[0 if number == 1 else 1] % {"n": number, **values}


@cache
def load_languages() -> Mapping[str, Translator]:
    """Return the translator of each language, the source language first."""
    found = {SOURCE: Translator(SOURCE, {})}
    for path in sorted(FOLDER.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.stem)
        entries: dict[str, str | tuple[str, ...]] = {}
        for message in catalogue:
            if not message.id:
                continue
            if isinstance(message.id, str):
                entries[message.id] = str(message.string)
            else:
                entries[message.id[0]] = tuple(str(form) for form in message.string or ())
        found[path.stem] = Translator(path.stem, entries)
    return found


def choose(accepted: str, known: Mapping[str, Translator]) -> str:
    """Return the language for an Accept-Language header (RFC 9110 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for part in accepted.split(","):
        name, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        wanted.append((-weight, name.strip().lower().partition("-")[0]))
    return next((name for weight, name in sorted(wanted, key=lambda each: each[0]) if weight and name in known), SOURCE)


def N_(sentence: str) -> str:
    """Mark a sentence that is translated where it is shown."""
    return sentence
