"""Message storage of a SIM or modem: numbered slots (27.005 3.2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

UNREAD, READ, UNSENT, SENT = range(4)


@dataclass(slots=True)
class Stored:
    """One stored message; ``kind`` is the TPDU's type."""

    status: int
    kind: str
    smsc: bytes
    tpdu: bytes

    @property
    def hex(self) -> str:
        return (self.smsc + self.tpdu).hex().upper()


class Memory:
    """Slots ``base`` to ``base + capacity - 1``. The lowest free one is used."""

    def __init__(self, name: str, capacity: int, base: int = 1) -> None:
        self.name, self.capacity, self.base = name, capacity, base
        self._slots: dict[int, Stored] = {}
        self._low = base

    def number(self, capacity: int, base: int) -> None:
        """Set capacity and first slot: a SIM is shown as its modem counts. Raises ValueError unless empty."""
        if self._slots:
            raise ValueError("a memory that holds messages keeps its slots")
        self.capacity, self.base, self._low = capacity, base, base

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def full(self) -> bool:
        return len(self._slots) >= self.capacity

    def put(self, message: Stored) -> int | None:
        """Store in the lowest free slot and return its index; None when the memory is full."""
        if self.full:
            return None
        index = self._low
        while index in self._slots:
            index += 1
        self._slots[index] = message
        self._low = index + 1
        return index

    def get(self, index: int) -> Stored | None:
        return self._slots.get(index)

    def valid(self, index: int) -> bool:
        return self.base <= index < self.base + self.capacity

    def delete(self, index: int) -> bool:
        """Empty a slot; return False when it was empty."""
        if self._slots.pop(index, None) is None:
            return False
        self._low = min(self._low, index)
        return True

    def items(self) -> Iterator[tuple[int, Stored]]:
        """Return the used slots by index."""
        return iter(sorted(self._slots.items()))

    def clear(self) -> None:
        self._slots.clear()
        self._low = self.base


class Joined:
    """Several memories under one name (``MT``): the slots of the first one, then of the next one."""

    def __init__(self, name: str, parts: Sequence[Memory]) -> None:
        self.name, self._parts = name, parts

    @property
    def capacity(self) -> int:
        return sum(part.capacity for part in self._parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    @property
    def full(self) -> bool:
        return all(part.full for part in self._parts)

    def _find(self, index: int) -> tuple[Memory, int] | None:
        offset = self._parts[0].base
        for part in self._parts:
            if offset <= index < offset + part.capacity:
                return part, index - offset + part.base
            offset += part.capacity
        return None

    def put(self, message: Stored) -> int | None:
        offset = self._parts[0].base
        for part in self._parts:
            index = part.put(message)
            if index is not None:
                return index - part.base + offset
            offset += part.capacity
        return None

    def get(self, index: int) -> Stored | None:
        found = self._find(index)
        return found[0].get(found[1]) if found else None

    def valid(self, index: int) -> bool:
        return self._find(index) is not None

    def delete(self, index: int) -> bool:
        found = self._find(index)
        return found[0].delete(found[1]) if found else False

    def items(self) -> Iterator[tuple[int, Stored]]:
        offset = self._parts[0].base
        for part in self._parts:
            for index, message in part.items():
                yield index - part.base + offset, message
            offset += part.capacity


Store = Memory | Joined


def modem_stores(sizes: Mapping[str, int], base: int, card: Memory) -> tuple[dict[str, Memory], dict[str, Store]]:
    """Return a modem's memories by name, and all that +CPMS can choose: these and their union MT.

    ``sizes`` and ``base`` are the profile's; the SIM's own memory ``card`` is numbered as this modem counts.
    """
    card.number(sizes.get("SM", card.capacity), base)
    memories = {"SM": card, **{name: Memory(name, size, base) for name, size in sizes.items() if name != "SM"}}
    joined = Joined("MT", [memories[name] for name in ("SM", "ME") if name in memories])
    return memories, {**memories, "MT": joined}
