"""The words of consent: normalised texts, and the phrases of each language in the form in which they are compared."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files

#: A phrase: its words in order.
Phrase = tuple[str, ...]

#: Letters that have no decomposition and are typed without their stroke, or without their dot.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ـ": None})
#: Apostrophes vanish, so that "don't" and "dont" are the same; other punctuation separates words.
_APOSTROPHES = str.maketrans(dict.fromkeys("'\u2019\u2018\u02bc\u00b4`", None))


class Kind(Enum):
    """The kinds of words."""

    STOP = "stop"
    WEAK = "weak"
    START = "start"
    HELP = "help"
    YES = "yes"
    COURTESY = "courtesy"
    SUSPECT = "suspect"


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases of all languages. ``profiles`` are keywords that a country prescribes."""

    languages: Mapping[str, Mapping[Kind, frozenset[Phrase]]]
    profiles: Mapping[str, Mapping[Kind, frozenset[Phrase]]]
    countries: Mapping[str, str]


def normalise(text: str) -> Phrase:
    """Return the words of a text: NFKC, without case, accents, punctuation and emoji.

    Signs of scripts without spaces are words of their own. Letters that stand alone, as in S.T.O.P, are one word.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    plain = unicodedata.normalize("NFD", plain).translate(_PLAIN)
    plain = unicodedata.normalize("NFC", "".join(_kept(sign) for sign in plain))
    words = "".join(f" {sign} " if _is_unspaced(sign) else sign for sign in plain).split()
    spelled = len(words) > 2 and all(len(word) == 1 and word.isascii() and word.isalpha() for word in words)
    return ("".join(words),) if spelled else tuple(words)


def _kept(sign: str) -> str:
    category = unicodedata.category(sign)
    if category[0] in "LN":
        return sign
    return "" if category in ("Mn", "Me", "Cf") else " "


def _is_unspaced(sign: str) -> bool:
    """Return True for a sign of a script without spaces: Han and Kana."""
    return "\u3040" <= sign <= "\u30ff" or "\u3400" <= sign <= "\u9fff" or "\U00020000" <= sign <= "\U0003ffff"


def is_unspaced(word: str) -> bool:
    """Return True for a word that is one sign of a script without spaces."""
    return len(word) == 1 and _is_unspaced(word)


@cache
def all_words() -> Words:
    """Return the words that come with gsmgw."""
    found = tomllib.loads(files("gsmgw.audience.consent").joinpath("words.toml").read_text(encoding="utf-8"))
    return Words(
        languages={language: _phrases(kinds) for language, kinds in found["languages"].items()},
        profiles={profile: _phrases(kinds) for profile, kinds in found["profiles"].items()},
        countries=found["countries"],
    )


def _phrases(kinds: Mapping[str, Iterable[str]]) -> Mapping[Kind, frozenset[Phrase]]:
    return {Kind(kind): frozenset(map(normalise, phrases)) for kind, phrases in kinds.items()}
