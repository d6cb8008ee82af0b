"""Output for people goes through one door that escapes it, and no module goes past that door."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import gsmgw
from gsmgw.cli import main, service
from gsmgw.client import Client
from gsmgw.escaping import visible

ROOT = Path(gsmgw.__file__).parent
#: Where text leaves: the door itself, and the demo, which has a console of its own and escapes what it is given.
DOORS = {"cli/listing.py", "demo/stage.py"}
RAW_CALLS = ("click.echo", "click.secho", "click.echo_via_pager", "rich.print")
RAW_STREAM = re.compile(
    r"sys\.(__)?std(out|err)(__)?\.(write|writelines|buffer)|.*[cC]onsole(\(.*\))?\.(print|out|log)"
)


def raw_output(source: str) -> Iterator[str]:
    """Every use of something that writes to the terminal."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id == "print":
            yield f"line {node.lineno}: print"
        elif isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if name in RAW_CALLS or RAW_STREAM.fullmatch(name):
                yield f"line {node.lineno}: {name}"
        elif isinstance(node, ast.ImportFrom) and node.module in ("click", "rich"):
            yield from (f"line {node.lineno}: {a.name}" for a in node.names if a.name in ("echo", "secho", "print"))


MODULES = [path for path in sorted(ROOT.rglob("*.py")) if str(path.relative_to(ROOT)) not in DOORS]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_writes_past_the_door(path: Path) -> None:
    assert list(raw_output(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "print(x)",
        "click.echo(x)",
        "f(click.echo)",
        "sys.stdout.write(x)",
        "sys.stderr.buffer",
        "self._console.print(x)",
    ],
)
def test_the_lint_sees_what_it_forbids(source: str) -> None:
    assert list(raw_output(source))


HOSTILE = "bad\x1b[2Jnews\x9b31m\nmodem x: ready, all is well\x07"


def test_status_shows_escapes_of_what_modems_say(monkeypatch: pytest.MonkeyPatch) -> None:
    stats: dict[str, Any] = {
        "version": HOSTILE,
        "started_at": None,
        "messages": {HOSTILE: 1},
        "since_start": {},
        "webhooks": {},
        "oldest_queued_at": None,
        "database_ok": True,
        "task_failures": {HOSTILE: 1},
        "database_octets": 1,
        "commit_ms": 1.0,
        "first_event": 1,
        "last_event": 2,
    }
    monkeypatch.setattr(Client, "stats", lambda self: stats)
    monkeypatch.setattr(Client, "modems", lambda self: [{"name": "a", "state": "ready", "detail": HOSTILE}])
    monkeypatch.setattr(service, "connect", lambda context: Client("/none.sock"))
    done = CliRunner().invoke(main, ["status"])
    assert done.exit_code == 0, done.output
    assert not [line for line in done.output.splitlines() if not line.isprintable()]
    assert r"modem a: ready, bad\x1b[2Jnews\x9b31m\nmodem x: ready, all is well\x07" in done.output


def test_pdu_decode_shows_escapes_of_what_a_text_holds() -> None:
    encoded = CliRunner().invoke(
        main, ["pdu", "encode", "--to", "+4915112345678", "--from", "+491", "a\x0cb\u202e\x9b"]
    )
    decoded = CliRunner().invoke(main, ["pdu", "decode", encoded.stdout.split()[0]])
    assert decoded.exit_code == 0
    assert r"a\x0cb\u202e\x9b" in "".join(decoded.output.split())
    assert not [line for line in decoded.output.splitlines() if not line.isprintable()]


def test_visible_leaves_what_people_write() -> None:
    assert visible("Grüße 🎉 你好 \\n") == "Grüße 🎉 你好 \\n"
