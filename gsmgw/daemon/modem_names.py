"""All modems that messages may name: those of this gateway and, at a hub, those of its nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from gsmgw.model import ModemStatus


class WithStatus(Protocol):
    """A modem, of which the status is known."""

    @property
    def status(self) -> ModemStatus:
        """The current status."""


class ModemNames(Collection[str]):
    """The names of all modems. It changes as modems come."""

    def __init__(self, local: Mapping[str, WithStatus]) -> None:
        self._local = local
        #: The modems of nodes, by their full names.
        self.remote: Mapping[str, WithStatus] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._local or name in self.remote

    def __iter__(self) -> Iterator[str]:
        yield from self._local
        yield from self.remote

    def __len__(self) -> int:
        return len(self._local) + len(self.remote)

    @property
    def working(self) -> set[str]:
        """The names of the modems that can send now."""
        return {
            name
            for modems in (self._local, self.remote)
            for name, modem in modems.items()
            if modem.status.state.carries
        }
