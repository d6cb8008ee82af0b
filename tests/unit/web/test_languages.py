"""Every sentence of the dashboard is in the German catalogue, and nothing stands outside of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.catalogue import FOLDER, bare_words, catalogue, sentences

from gsmgw.web.languages import choose, load_languages

_PLACES = re.compile(r"%\((\w+)\)s")
#: The name of the program, and the names of languages in themselves.
_NAMES = {"gsmgw", "· gsmgw"}


def test_every_sentence_is_translated() -> None:
    known = {key for key, value in catalogue().items() if value and all(value)}
    assert {sentence: where for sentence, where in sentences().items() if sentence not in known} == {}


def test_no_translation_is_left_over() -> None:
    assert set(catalogue()) - set(sentences()) == set()


def test_translations_fill_in_the_same_values() -> None:
    for sentence, translation in catalogue().items():
        for one, other in zip(
            [sentence] if isinstance(sentence, str) else sentence,
            [translation] if isinstance(translation, str) else translation,
            strict=True,
        ):
            assert set(_PLACES.findall(one)) == set(_PLACES.findall(other)), sentence


@pytest.mark.parametrize("path", sorted((FOLDER / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates_have_no_words_of_their_own(path: Path) -> None:
    assert set(bare_words(path.read_text(encoding="utf-8"))) - _NAMES == set()


def test_words_outside_the_catalogue_are_found() -> None:
    assert bare_words('<p>{{ _("In") }} Out</p><input title="Over there">') == ["Out", "Over there"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr, en;q=0.5", "en"), ("", "en"), ("de;q=0, en", "en"), (";;q=x,", "en")],
)
def test_the_browser_chooses(accepted: str, language: str) -> None:
    assert choose(accepted, load_languages()) == language


def test_plurals_and_values() -> None:
    german, english = load_languages()["de"], load_languages()["en"]
    one, many = "%(n)s webhook does not get its events.", "%(n)s webhooks do not get their events."
    assert english.ngettext(one, many, 2) == "2 webhooks do not get their events."
    assert german.ngettext(one, many, 1) == "1 Webhook erhält seine Ereignisse nicht."
    assert german.gettext("no such sentence") == "no such sentence"
