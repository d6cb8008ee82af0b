"""Decides what a received text says about consent. Pure: no I/O, no clock, never raises."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

from gsmgw.audience.consent.words import Kind, Phrase, all_words, is_unspaced, normalise

#: A longer text is not about consent.
MAX_CHARS = 320
#: At most that many courtesy words may stand beside a keyword, and a keyword may be repeated as often.
COURTESY = 3
REPEATS = 3
#: A text of at most that many words with a stop word among them may be an opt-out.
FEW_WORDS = 6
#: More words than that, signs of scripts without spaces included, are not a keyword with courtesy.
MAX_EXACT = 24


class Meaning(Enum):
    """The meaning of a text."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    YES = "yes"
    SUSPECT = "suspect"


@dataclass(frozen=True, slots=True)
class Reading:
    """The meaning of a text, with the keyword that gives it.

    ``weak``: the keyword is also an ordinary answer to other questions. ``list`` is the list that the text names.
    """

    meaning: Meaning
    keyword: str
    language: str
    weak: bool = False
    list: str | None = None


#: The kinds that decide a whole text, in the order in which they are looked for.
_ORDER = (
    (Kind.STOP, Meaning.STOP),
    (Kind.WEAK, Meaning.STOP),
    (Kind.HELP, Meaning.HELP),
    (Kind.START, Meaning.START),
    (Kind.YES, Meaning.YES),
)
#: Words that only count where nothing else claims them.
_CLAIMABLE = frozenset({("info",), ("information",)})


def classify(
    text: str,
    *,
    lists: Mapping[Phrase, str] | None = None,
    local: Collection[str] = ("en",),
    profile: str | None = None,
) -> Reading | None:
    """Return what a text says about consent; None if nothing.

    ``lists`` are the keywords of lists, ``local`` the languages of the sender, the most likely first, ``profile`` the
    country whose prescribed keywords are final.
    """
    if len(text) > MAX_CHARS:
        return None
    words = normalise(text)
    if not words:
        return None
    if (
        len(words) <= MAX_EXACT
        and not _keyword_words().isdisjoint(words)
        and (found := _whole(words, lists or {}, local, profile)) is not None
    ):
        return found
    return _suspect(words, local)


@cache
def _keyword_words() -> frozenset[str]:
    """Return all words of which one must be in a text that is a keyword with courtesy. Most texts have none."""
    found = all_words()
    kinds = [*found.languages.values(), *found.profiles.values()]
    return frozenset(word for each in kinds for kind, _ in _ORDER for phrase in each.get(kind, ()) for word in phrase)


# -- the whole text -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cover:
    """How a text is made of a keyword, courtesy words and the name of a list."""

    keyword: Phrase
    list: str | None


def _whole(words: Phrase, lists: Mapping[Phrase, str], local: Collection[str], profile: str | None) -> Reading | None:
    """Return the meaning of a text that is nothing but a keyword with courtesy."""
    if profile is not None:
        prescribed, courtesy = all_words().profiles[profile], all_words().languages["en"][Kind.COURTESY]
        for kind in (Kind.STOP, Kind.HELP, Kind.START):
            cover = _cover(words, prescribed[kind], courtesy, lists)
            if cover is not None:
                return Reading(Meaning(kind.value), " ".join(cover.keyword), "en", list=cover.list)
    for kind, meaning in _ORDER:
        for language in _languages(local, kind):
            kinds = all_words().languages[language]
            cover = _cover(words, kinds[kind], kinds[Kind.COURTESY], lists)
            if cover is not None:
                weak = kind in (Kind.WEAK, Kind.YES) or cover.keyword in _CLAIMABLE
                return Reading(meaning, " ".join(cover.keyword), language, weak, cover.list)
    return None


def _languages(local: Collection[str], kind: Kind) -> Iterator[str]:
    """Yield the languages to look at, those of the sender first. Weak words are words of other languages too."""
    known = all_words().languages
    yield from (language for language in local if language in known)
    if kind is Kind.WEAK:
        if "en" not in local:
            yield "en"
    else:
        yield from (language for language in known if language not in local)


def _cover(
    words: Phrase, keywords: Collection[Phrase], courtesy: Collection[Phrase], lists: Mapping[Phrase, str]
) -> _Cover | None:
    """Return how the words are made of keywords, at most three courtesy words and at most one list; None if not."""

    def rest(at: int, keyword: Phrase | None, repeats: int, polite: int, name: str | None) -> _Cover | None:
        if at == len(words):
            return None if keyword is None else _Cover(keyword, name)
        for end in range(len(words), at, -1):
            piece = words[at:end]
            found = None
            if piece in keywords and repeats < REPEATS and keyword in (None, piece):
                found = rest(end, piece, repeats + 1, polite, name)
            if found is None and keyword is not None and name is None and piece in lists:
                found = rest(end, keyword, repeats, polite, lists[piece])
            if found is None and piece in courtesy and polite < COURTESY:
                found = rest(end, keyword, repeats, polite + 1, name)
            if found is not None:
                return found
        return None

    return rest(0, None, 0, 0, None)


# -- a part of the text -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Index:
    """Phrases of all languages by their first word, with the language."""

    by_first: Mapping[str, tuple[tuple[Phrase, str], ...]]

    def find(self, words: Phrase) -> tuple[Phrase, str] | None:
        """Return the first phrase in a text."""
        for at, word in enumerate(words):
            for phrase, language in self.by_first.get(word, ()):
                if words[at : at + len(phrase)] == phrase:
                    return phrase, language
        return None


@cache
def _index(kind: Kind, local: tuple[str, ...]) -> _Index:
    by_first: dict[str, list[tuple[Phrase, str]]] = {}
    for language in _languages(local, kind):
        for phrase in sorted(all_words().languages[language][kind], key=len, reverse=True):
            by_first.setdefault(phrase[0], []).append((phrase, language))
    return _Index({first: tuple(found) for first, found in by_first.items()})


def _suspect(words: Phrase, local: Iterable[str]) -> Reading | None:
    """Return the suspicion that a text is an opt-out: a phrase, or a stop word among few words."""
    found = _index(Kind.SUSPECT, tuple(local)).find(words)
    if found is None and _length(words) <= FEW_WORDS:
        found = _index(Kind.STOP, tuple(local)).find(words)
    return None if found is None else Reading(Meaning.SUSPECT, " ".join(found[0]), found[1])


def _length(words: Phrase) -> int:
    """Return the number of words; two signs of a script without spaces are about one."""
    signs = sum(map(is_unspaced, words))
    return len(words) - signs + (signs + 1) // 2
