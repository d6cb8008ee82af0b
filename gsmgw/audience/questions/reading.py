"""Reads the answer to a question as a value of a field. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gsmgw.audience.consent.words import Kind, Phrase, all_words, normalise
from gsmgw.audience.field_values import ValueRefused, parsed
from gsmgw.digits import ascii_digits, is_digits
from gsmgw.model.contacts import ContactField, FieldType, FieldValue

#: A value that stands among more words than that is not an answer.
FEW_WORDS = 6
_NUMBERS = re.compile(r"(?<![\w.,])[+-]?[0-9]+(?:[.,][0-9]+)?(?![\w]|[.,][0-9])", re.ASCII)
_DATES = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}\.\s?[0-9]{1,2}\.\s?[0-9]{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of a no in a language, and the default texts."""

    no: frozenset[Phrase]
    thanks: str
    again: str


@cache
def all_texts() -> Mapping[str, Texts]:
    """Return the texts that come with gsmgw, by language."""
    found = tomllib.loads(files("gsmgw.audience.questions").joinpath("texts.toml").read_text(encoding="utf-8"))
    return {
        language: Texts(frozenset(map(normalise, each["no"])), each["thanks"], each["again"])
        for language, each in found.items()
    }


def default_texts(languages: Sequence[str]) -> Texts:
    """Return the texts in the first language that has some."""
    known = all_texts()
    return known[next((each for each in languages if each in known), "en")]


def read_answer(field: ContactField, text: str, languages: Sequence[str]) -> FieldValue:
    """Return the value that an answer gives. ``languages`` are those of the person. Raises :class:`ValueRefused`."""
    match field.type:
        case FieldType.TEXT:
            return parsed(field, text)
        case FieldType.NUMBER:
            return _only(field, _NUMBERS, ascii_digits(text))
        case FieldType.DATE:
            return _only(field, _DATES, ascii_digits(text))
        case FieldType.BOOLEAN:
            return _yes_or_no(text, languages)
        case FieldType.CHOICE:
            return _chosen(field, text)


def example_of(field: ContactField, languages: Sequence[str]) -> str:
    """Return how an answer may look: ``3``, ``2026-12-24``, ``yes / no``, ``1 = Red, 2 = Blue``."""
    match field.type:
        case FieldType.NUMBER:
            return "3"
        case FieldType.DATE:
            return "2026-12-24"
        case FieldType.BOOLEAN:
            return " / ".join(_shown(languages))
        case FieldType.CHOICE:
            return ", ".join(f"{number} = {choice}" for number, choice in enumerate(field.choices, 1))
        case FieldType.TEXT:
            return "..."


def _shown(languages: Sequence[str]) -> tuple[str, str]:
    """Return a yes and a no in the language of the default texts."""
    language = next((each for each in languages if each in _PAIRS), "en")
    return _PAIRS[language]


#: How yes and no are written in a text that asks again.
_PAIRS: Mapping[str, tuple[str, str]] = {
    "en": ("yes", "no"), "de": ("ja", "nein"), "fr": ("oui", "non"), "es": ("sí", "no"), "pt": ("sim", "não"),
    "it": ("sì", "no"), "nl": ("ja", "nee"), "pl": ("tak", "nie"), "cs": ("ano", "ne"), "sk": ("áno", "nie"),
    "sv": ("ja", "nej"), "da": ("ja", "nej"), "no": ("ja", "nei"), "fi": ("kyllä", "ei"), "tr": ("evet", "hayır"),
    "ru": ("да", "нет"), "uk": ("так", "ні"), "el": ("ναι", "όχι"), "hu": ("igen", "nem"), "ro": ("da", "nu"),
    "zh": ("是", "不是"), "ja": ("はい", "いいえ"), "ar": ("نعم", "لا"),
}  # fmt: skip


def _only(field: ContactField, pattern: re.Pattern[str], text: str) -> FieldValue:
    """Return the value of a text, or of the only place in a short one that looks like a value."""
    try:
        return parsed(field, text)
    except ValueRefused:
        found = pattern.findall(text)
        if len(found) != 1 or len(text.split()) > FEW_WORDS:
            raise
        return parsed(field, found[0])


def _yes_or_no(text: str, languages: Sequence[str]) -> bool:
    words = normalise(text)
    known = [each for each in languages if each in all_texts()] or ["en"]
    yes = [phrase for each in known for phrase in all_words().languages[each][Kind.YES]]
    no = [phrase for each in known for phrase in all_texts()[each].no]
    agrees, refuses = _begins(words, yes), _begins(words, no)
    if agrees and refuses:  # in one language it is the one, in another one the other: the likelier language counts
        agrees = _begins(words, all_words().languages[known[0]][Kind.YES])
        refuses = _begins(words, all_texts()[known[0]].no)
    rest = words[max(agrees, refuses) :]
    if bool(agrees) == bool(refuses) or len(words) > FEW_WORDS or _has(rest, no if agrees else yes):
        raise ValueRefused(f"{text[:60]!r} is neither yes nor no")
    return agrees > 0


def _begins(words: Phrase, phrases: Collection[Phrase]) -> int:
    """Return the number of words of the longest phrase that a text begins with; 0 for none."""
    return max((len(phrase) for phrase in phrases if words[: len(phrase)] == phrase), default=0)


def _has(words: Phrase, phrases: Collection[Phrase]) -> bool:
    return any(words[at : at + len(phrase)] == phrase for phrase in phrases if phrase for at in range(len(words)))


def _chosen(field: ContactField, text: str) -> FieldValue:
    """Return a choice by its name, its number from 1, or as the only one that is named in a short text."""
    words = normalise(ascii_digits(text))
    for choice in field.choices:
        if normalise(choice) == words:
            return choice
    named = [choice for choice in field.choices if _has(words, [normalise(choice)])]
    numbers = [int(word) for word in words if is_digits(word) and len(word) < 4]
    if len(words) <= FEW_WORDS and len(named) == 1:
        return named[0]
    if len(words) <= FEW_WORDS and not named and len(numbers) == 1 and 1 <= numbers[0] <= len(field.choices):
        return field.choices[numbers[0] - 1]
    raise ValueRefused(f"{text[:60]!r} is not one of {', '.join(field.choices)}")
