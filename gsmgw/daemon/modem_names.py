"""The names of all modems that messages may name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping


class ModemNames(Collection[str]):
    """The modems of this gateway and, at a hub, those of its nodes. It changes as modems come."""

    def __init__(self, local: Mapping[str, object]) -> None:
        self._local = local
        #: The modems of nodes, by their full names.
        self.remote: Mapping[str, object] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._local or name in self.remote

    def __iter__(self) -> Iterator[str]:
        yield from self._local
        yield from self.remote

    def __len__(self) -> int:
        return len(self._local) + len(self.remote)
