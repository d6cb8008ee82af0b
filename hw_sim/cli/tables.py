"""The commands that list what the simulator knows."""

from __future__ import annotations

import click

from ..faults import KINDS
from ..profiles.loader import profile_names


@click.command()
def profiles() -> None:
    """List the profiles."""
    for name in profile_names():
        click.echo(name)


@click.command()
def faults() -> None:
    """List the kinds of faults and what they imitate."""
    for kind, fault_class in sorted(KINDS.items()):
        click.echo(f"{kind}\n    {' '.join((fault_class.__doc__ or '').split())}")
