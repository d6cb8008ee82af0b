"""Commands are imported when they are needed."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from gsmgw.cli import main
from gsmgw.cli.waiting import EVIDENCE, SCHEDULED
from gsmgw.model import WaitReason

#: What reading configurations, PDUs and the database needs; a call of the gateway needs none of it.
HEAVY = ("pydantic", "phonenumbers", "gsmgw.config", "gsmgw.model", "gsmgw.pdu", "gsmgw.wire", "sqlite3", "liquid")


def _all(group: click.Group, *path: str) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += _all(command, *path, name)
    return found


def test_each_command_is_where_the_table_says() -> None:
    found = _all(main)
    assert {("send",), ("modem",), ("config", "check"), ("config", "import"), ("contacts", "import")} <= {*found}
    assert main.get_command(click.Context(main), "sned") is None


@pytest.mark.parametrize("module", ["send", "messages", "modems", "service", "watch", "contacts", "users", "exports"])
def test_a_command_imports_what_it_needs_and_no_more(module: str) -> None:
    code = f"import sys, gsmgw.cli.{module}; print(*sorted({{*{HEAVY}}} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_reasons_of_waiting_are_those_of_the_model() -> None:
    assert {SCHEDULED, EVIDENCE} <= {*WaitReason}
