"""Groups that import a command when it is needed: imports are most of the time that a command takes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from gsmgw.cli.failures import SafeGroup


class LazyGroup(click.Group):
    """A group with commands in other modules. ``modules`` names the place of each, as ``"backup:restore"``."""

    def __init__(self, *args: Any, modules: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands in order."""
        return sorted({*super().list_commands(ctx), *self._modules})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None if there is none of that name."""
        place = self._modules.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = place.partition(":")
        found = getattr(import_module(f"gsmgw.cli.{module}"), name)
        assert isinstance(found, click.Command), place
        return found


class SafeLazyGroup(LazyGroup, SafeGroup):
    """The group of all commands."""
