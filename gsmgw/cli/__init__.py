"""The command line: ``gsmgw``."""

from __future__ import annotations

import click

from gsmgw.cli.pdu import pdu


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """SMS gateway for GSM and LTE modems."""


main.add_command(pdu)
