"""Mutation run: change one constant or operator at a time and see whether a test notices.

``python -m tests.mutation gsmgw/pdu`` prints the survivors; ``--only PART`` keeps to files whose name has PART,
``--every N`` takes one mutant in N, ``--jobs N`` sets how many run at once. Each mutant runs in a forked child: first
the case files, which most do not outlive, then the unit tests, then the properties. The unchanged code runs first.

Not mutated: docstrings, annotations, what an error says, the words of tables (titles), and ``__slots__``.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "tests" / "unit" / "pdu"
FIRST = [str(UNIT / f"test_{name}.py") for name in ("fields", "units", "meanings", "plan")]
STAGES = (
    FIRST,
    [str(path) for path in sorted(UNIT.glob("test_*.py")) if str(path) not in FIRST],
    ["tests/property/test_pdu_roundtrip.py", "tests/property/test_pdu_differential.py"],
)
EXAMPLES = 30
LIMIT_S = 240
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One change: where, what, and the number of the node in the walk of its file."""

    path: Path
    line: int
    what: str
    node: int
    way: int


def candidates(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = _left_out(tree, words=path.name == "tables.py")
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in left_out:
            continue
        for way, what in enumerate(_ways(node)):
            yield Mutant(path, getattr(node, "lineno", 0), what, number, way)


def _left_out(tree: ast.AST, *, words: bool) -> set[int]:
    skipped: set[int] = set()

    def skip(node: ast.AST | None) -> None:
        if node is not None:
            skipped.update(id(inner) for inner in ast.walk(node))

    for node in ast.walk(tree):
        match node:
            case ast.Raise() | ast.JoinedStr():
                skip(node)
            case ast.AnnAssign(target=ast.Name(id=name)):
                skip(node.annotation)
                if name in ("STATUSES",):
                    skipped.discard(id(node))
            case ast.AnnAssign():
                skip(node.annotation)
            case ast.FunctionDef():
                skip(node.returns)
                for argument in (*node.args.args, *node.args.kwonlyargs):
                    skip(argument.annotation)
                for decorator in node.decorator_list:
                    skip(decorator)
            case ast.ClassDef():
                for decorator in node.decorator_list:
                    skip(decorator)
            case ast.Assign(targets=[ast.Name(id="__slots__" | "__all__")]):
                skip(node)
            case ast.Expr(value=ast.Constant(value=str())):
                skip(node)
            case ast.Constant(value=str() | bytes()) if not words:
                skipped.add(id(node))
    return skipped


def _ways(node: ast.AST) -> list[str]:
    match node:
        case ast.Constant(value=bool(value)):
            return [f"{value} -> {not value}"]
        case ast.Constant(value=int(value)):
            return [f"{value} -> {value + 1}", f"{value} -> {value - 1}"]
        case ast.Constant(value=float(value)):
            return [f"{value} -> {value + 1}"]
        case ast.Constant(value=str(value)) if value:
            return [f"{value!r} -> its last character changed"]
        case ast.Compare(ops=[operator, *_]) if type(operator) in COMPARISONS:
            return [f"{type(operator).__name__} -> {COMPARISONS[type(operator)].__name__}"]
        case ast.BinOp(op=operator) if type(operator) in OPERATORS:
            return [f"{type(operator).__name__} -> {OPERATORS[type(operator)].__name__}"]
        case ast.AugAssign(op=operator) if type(operator) in OPERATORS:
            return [f"{type(operator).__name__}= -> {OPERATORS[type(operator)].__name__}="]
        case ast.BoolOp(op=operator):
            return [f"{type(operator).__name__} -> {'Or' if isinstance(operator, ast.And) else 'And'}"]
        case ast.UnaryOp(op=ast.Not()):
            return ["not dropped"]
    return []


def source(mutant: Mutant) -> ast.Module:
    """Return the changed tree."""
    tree = copy.deepcopy(ast.parse(mutant.path.read_text(encoding="utf-8")))
    for number, node in enumerate(ast.walk(tree)):
        if number == mutant.node:
            _change(node, mutant.way)
            break
    return ast.fix_missing_locations(tree)


def _change(node: ast.AST, way: int) -> None:
    match node:
        case ast.Constant(value=bool(value)):
            node.value = not value
        case ast.Constant(value=int() | float()):
            node.value = node.value + (1, -1)[way]  # type: ignore[operator]
        case ast.Constant(value=str(value)):
            node.value = value[:-1] + ("\u2603" if value[-1] != "\u2603" else "x")
        case ast.Compare():
            node.ops[0] = COMPARISONS[type(node.ops[0])]()
        case ast.BinOp() | ast.AugAssign():
            node.op = OPERATORS[type(node.op)]()
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.op = ast.UAdd()
            node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a changed tree."""

    def __init__(self, name: str, tree: ast.Module, path: Path) -> None:
        self.name, self.tree, self.path = name, tree, path

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for the changed module only."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed tree."""
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)  # noqa: S102  that is the trade here


def _quick() -> bool:
    """Return True if every case of the case files still has the expected result."""
    import pdu_cases as cases

    from gsmgw.pdu import PduError, build_tpdu

    wrong = {"gm-bad-mti3", "xlab-submit-evp-relative", "gnokii-161-1", "gnokii-160-all"}
    for case in cases.load("third_party.json") + cases.load("clauses.json"):
        if case["id"] in wrong:
            continue
        expect = case["expect"]
        if case["dir"] == "encode":
            if cases.build(case) != expect["pdu"]:
                return False
            continue
        try:
            pdu = cases.parse(case)
        except PduError:
            if "error" not in expect:
                return False
            continue
        if expect.get("error") is True:
            return False
        if "error" in expect:
            continue
        found = cases.fields(pdu)
        if any(found.get(key) != value for key, value in expect.items() if key != "timestamp_century_ambiguous"):
            return False
        build_tpdu(pdu.tpdu)
    return _tables(json.loads((ROOT / "tests/vectors/units.json").read_text(encoding="utf-8"))["national_tables"])


def _tables(facts: dict[str, dict[str, dict[str, str]]]) -> bool:
    """Return True if the alphabets are those of the facts."""
    from gsmgw.pdu.tables import LOCKING, SINGLE, UNDEFINED

    for language, chars in facts["single"].items():
        if {f"{code:02x}": char for code, char in SINGLE[int(language)].items()} != chars:
            return False
    for language, chars in facts["locking"].items():
        table = LOCKING.get(int(language), UNDEFINED * 128)
        found = {f"{code:02x}": char for code, char in enumerate(table) if char not in (UNDEFINED, "\x1b")}
        if found != chars or (chars and table[0x1B] != "\x1b"):
            return False
    return True


def _child(mutant: Mutant | None) -> int:
    """Exit code of a mutant, or of the unchanged code: 0 survived, 1 killed."""
    import hypothesis
    import pytest

    if mutant is not None:
        relative = mutant.path.resolve().relative_to(ROOT).with_suffix("")
        name = ".".join(relative.parts).removesuffix(".__init__")
        sys.meta_path.insert(0, _Finder(name, source(mutant), mutant.path))
    try:
        if not _quick():
            return 1
    except Exception:  # noqa: BLE001  a mutant may do anything
        return 1
    hypothesis.settings.register_profile("mutation", max_examples=EXAMPLES, database=None, deadline=None)
    hypothesis.settings.load_profile("mutation")
    for stage in STAGES:
        options = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "--assert=plain",
            "--noconftest",
            "--hypothesis-seed=0",
            *stage,
        ]
        if pytest.main(options) != 0:
            return 1
    return 0


def _fork(mutant: Mutant | None) -> int:
    pid = os.fork()
    if pid == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        code = 1
        try:
            code = _child(mutant)
        finally:
            os._exit(code)
    return pid


def run(mutants: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Run the mutants; return those that no test noticed."""
    waiting = list(reversed(mutants))
    running: dict[int, tuple[Mutant, float]] = {}
    survivors = []
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[_fork(mutant)] = (mutant, time.monotonic())
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            for late, (_, since) in running.items():
                if time.monotonic() - since > LIMIT_S:
                    os.kill(late, signal.SIGKILL)
            time.sleep(0.01)
            continue
        mutant, _ = running.pop(pid)
        if status == 0:
            survivors.append(mutant)
            print(f"survived {mutant.path}:{mutant.line} {mutant.what}", flush=True)
    return survivors


def main() -> None:
    """Mutate what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import click.testing  # noqa: F401  what every child needs is imported once
    import hypothesis.strategies  # noqa: F401
    import pytest  # noqa: F401
    import rich.table  # noqa: F401

    files = [file for path in arguments.paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    mutants = [m for file in files if arguments.only in file.name for m in candidates(file)][:: arguments.every]
    start = time.monotonic()
    if os.waitpid(_fork(None), 0)[1] != 0:
        raise SystemExit("the unchanged code does not pass")
    survivors = run(mutants, arguments.jobs)
    print(f"{len(mutants)} mutants, {len(survivors)} survived, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
