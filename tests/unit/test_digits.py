"""Digits are 0 to 9 wherever digits are meant, in the gateway and in the simulator."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gsmgw
import hw_sim
from gsmgw.digits import ascii_digits, is_digits

ROOTS = [Path(module.__file__ or "").parent for module in (gsmgw, hw_sim)]
#: The door itself; code that hides numbers of any script; an inner loop over hexadecimal digits that it made itself.
EXCEPT = {
    "gsmgw/digits.py",
    "hw_sim/numeric.py",
    "gsmgw/doctor/masking.py",
    "gsmgw/modem/tap/masking.py",
    "gsmgw/pdu/address.py",
}
#: Octets, whose digits are ASCII by definition (and not texts).
OCTETS = {"gsmgw/api/fast_path.py", "gsmgw/api/routes/events.py"}
MODULES = [
    path
    for root in ROOTS
    for path in sorted(root.rglob("*.py"))
    if str(path.relative_to(root.parent)) not in EXCEPT | OCTETS
]
_CLASS = re.compile(r"(?<!\\)(?:\\\\)*\\[dD]")


def any_digits(source: str) -> Iterator[str]:
    """Every place that takes digits of other scripts for digits."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("isdigit", "isdecimal", "isnumeric"):
            yield f"line {node.lineno}: {node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _CLASS.search(node.value):
            parent = parents[node]
            is_ascii = isinstance(parent, ast.Call) and any("re.ASCII" in ast.unparse(value) for value in parent.args)
            if not is_ascii and not isinstance(parent, ast.Expr):
                yield f"line {node.lineno}: {node.value}"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_module_takes_digits_of_other_scripts(path: Path) -> None:
    assert list(any_digits(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("source", ["x.isdigit()", "x.isdecimal()", 're.compile(r"\\d+")', 'Field(pattern=r"^[\\d]$")'])
def test_the_lint_sees_what_it_forbids(source: str) -> None:
    assert list(any_digits(source))


@pytest.mark.parametrize("source", ['re.compile(r"\\d", re.ASCII)', 're.compile(r"[0-9]")', 're.compile(rb"\\d")'])
def test_the_lint_lets_ascii_through(source: str) -> None:
    assert list(any_digits(source)) == []


@pytest.mark.parametrize("text", ["", "١٢", "１２", "²", "1 2", "-1", "1\n"])
def test_what_is_not_all_digits(text: str) -> None:
    assert not is_digits(text)


def test_digits_of_every_script_become_ascii() -> None:
    every = "".join(chr(code) for code in range(0x110000) if chr(code).isdecimal())
    assert is_digits(ascii_digits(every))
    assert ascii_digits("٠١٢٣٤٥٦٧٨٩") == "0123456789"
    assert ascii_digits("\u200e+４９") == "+49"
    assert ascii_digits("²①") == "²①"
