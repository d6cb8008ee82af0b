"""Commands as a person types them, without a process of their own."""

from __future__ import annotations

from click.testing import CliRunner, Result

from gsmgw.cli import main


def command(*arguments: str, stdin: str = "") -> Result:
    """Run ``gsmgw`` with these arguments; from a thread where the gateway is in this process."""
    return CliRunner(env={"COLUMNS": "250"}).invoke(main, arguments, input=stdin)
