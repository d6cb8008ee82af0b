"""Docstrings, comments and pages follow the rules of wording: subject first, no riddles."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(path for package in ("gsmgw", "hw_sim", "packaging") for path in (ROOT / package).rglob("*.py"))
#: The decisions quote names and words of earlier versions.
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if path.name != "decisions.md")
#: A sentence that begins with a clause instead of its subject.
CLAUSE_FIRST = re.compile(r"(?:^|[.:]\s+)(What|Whether) (?!is wrong\b)[a-z`*]")
PHRASES = {
    r"(?<![Tt]here )\b(?:is|are) no (?!longer\b|more\b|such\b)[a-z]": "is not a ...",
    r"\bis not there\b|\bthat there is not\b": "does not exist",
    r"\bat the most\b": "at most",
    r"\bso many\b": "that many, or the number's name",
    r"\bheld (?:to|against)\b": "restricted to, compared with",
    r"\bthe former\b": "the previous one",
    r"\btaken away\b": "removed",
    r"\bmended\b": "fixed",
}
#: The word of the specifications; a name of code, "semi-octet" and SMPP's "C-Octet String" stay.
OCTET = re.compile(r"(?<![-/`_\w])[Oo]ctets?(?![`_\w-])")


def docstrings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def comments(source: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("#:! ")


def sentences(source: str) -> Iterator[str]:
    """Yield the strings with a space in them: what people are shown."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def faults(text: str, path: Path) -> Iterator[str]:
    place = path.relative_to(ROOT)
    for pattern, better in PHRASES.items():
        for found in re.finditer(pattern, text):
            yield f"{place}: {found[0]!r}; write: {better}"


def test_sentences_begin_with_their_subject() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {sentence[0]!r}"
        for path in CODE
        for source in [path.read_text()]
        for text in (*docstrings(source), *comments(source))
        for sentence in CLAUSE_FIRST.finditer(text)
    ]
    assert not found, "\n".join(found)


def test_people_are_told_of_bytes() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {text!r}"
        for path in CODE
        if path.parent.name != "migrations"  # the names of columns
        for source in [path.read_text()]
        for text in (*sentences(source), *comments(source))
        if OCTET.search(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("paths", [CODE, PAGES], ids=["code", "pages"])
def test_phrases_that_readers_stumble_over(paths: list[Path]) -> None:
    found = [fault for path in paths for fault in faults(path.read_text(), path)]
    assert not found, "\n".join(found)
