"""The sentences of the dashboard, and the German catalogue."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import gsmgw.web
from gsmgw.config.meanings import MEANINGS

FOLDER = Path(gsmgw.web.__file__).parent
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
_KEYWORDS = {"_": None, "N_": None, "say": None, "gettext": None, "ngettext": (1, 2)}


def sentences() -> dict[str | tuple[str, ...], str]:
    """Every sentence of the sources that is to be translated, and where it stands."""
    found: dict[str | tuple[str, ...], str] = {}
    options = {"**/templates/**.html": {"trimmed": "false", "silent": "false"}}
    for name, line, message, _, _ in extract_from_dir(str(FOLDER), _METHODS, options, _KEYWORDS):
        if message:
            found.setdefault(tuple(message) if isinstance(message, (list, tuple)) else message, f"{name}:{line}")
    return {**found, **dict.fromkeys(MEANINGS.values(), "the meaning of a setting")}


def catalogue(language: str = "de") -> dict[str | tuple[str, ...], str | tuple[str, ...]]:
    """The translations of a language."""
    with (FOLDER / "languages" / f"{language}.po").open("rb") as file:
        read = read_po(file, locale=language)
    return {
        tuple(each.id) if isinstance(each.id, (list, tuple)) else each.id: (
            tuple(each.string) if isinstance(each.string, (list, tuple)) else each.string or ""
        )
        for each in read
        if each.id
    }


#: Jinja's own, comments, and the markup around the words.
_NOT_WORDS = re.compile(
    r"\{#.*?#\}|\{% block (?:main_class|frame) %\}.*?\{% endblock %\}|\{%.*?%\}|\{\{.*?\}\}"
    r"|<!--.*?-->|<[^>]*>|&[a-z]+;",
    re.DOTALL,
)
_ATTRIBUTES = re.compile(r'\b(?:title|alt|placeholder|aria-label|data-ask|value)="([^"{]*[A-Za-z]{3,}[^"{]*)"')


def bare_words(html: str) -> list[str]:
    """The words of a template that are in no catalogue."""
    without = re.sub(r"<(code|kbd|script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    without = re.sub(r' (aria-describedby|aria-invalid)="', "", without)
    texts = [each.strip().removesuffix('true"') for each in _NOT_WORDS.split(without)]
    attributes = [
        each for each in _ATTRIBUTES.findall(re.sub(r"<meta[^>]*>", "", html)) if not re.fullmatch(r"[a-z_-]+", each)
    ]
    return [each for each in (*texts, *attributes) if re.search(r"[A-Za-z]{2,}", each)]
