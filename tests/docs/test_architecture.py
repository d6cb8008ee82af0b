"""The walk of docs/explanation/architecture.md leads through code that exists, and the page names every package."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
#: From door to port, at most.
MOST_HOPS = 12


def walk(title: str) -> list[tuple[int, str, str]]:
    section = re.search(rf"^### {title}$(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None, title
    rows = re.findall(r"^\| (\d+) \| `([^`]+)` \| `([^`]+)` \|", section[1], re.MULTILINE)
    return [(int(hop), file, function) for hop, file, function in rows]


WALKS = {title: walk(title) for title in ("One text out", "One text in")}
HOPS = [pytest.param(*hop[1:], id=f"{title} {hop[0]}") for title, hops in WALKS.items() for hop in hops]


def functions(file: str) -> set[str]:
    """Return the functions of a module and of its classes, as \"name\" and \"Class.name\"."""
    found = set()
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            inner = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            found |= {f"{node.name}.{each.name}" for each in inner}
    return found


@pytest.mark.parametrize("title", WALKS)
def test_a_walk_has_few_hops(title: str) -> None:
    numbers = [hop for hop, _, _ in WALKS[title]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 2 <= len(numbers) <= MOST_HOPS


@pytest.mark.parametrize(("file", "function"), HOPS)
def test_a_hop_exists(file: str, function: str) -> None:
    assert function in functions(file)


def test_every_package_is_named() -> None:
    children = [path for path in (ROOT / "gsmgw").iterdir() if not path.name.startswith("_")]
    packages = {path.stem for path in children if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert not {name for name in packages if f"`{name}`" not in PAGE}
