"""The modem's message memories: which one is selected, what it holds, reading and deleting."""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.at import commands, responses
from gsmgw.at.responses import MemoryUse
from gsmgw.at.result_codes import FinalResultKind
from gsmgw.model import StorageUse
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.port.port_lock import PortPriority

#: Errors for an index that holds no message (TS 27.005 3.2.5, TS 27.007 9.2).
_EMPTY_INDEX = (321, 21, 22)


@dataclass(frozen=True, slots=True)
class StoredPdu:
    """A message in a memory, as read. ``status`` is its <stat> (TS 27.005 3.1)."""

    index: int
    status: int | None
    length_octets: int | None
    pdu: str

    @property
    def whole(self) -> bool:
        """True if the PDU is as long as its header says, with or without an SMSC address in front."""
        octets, odd = divmod(len(self.pdu), 2)
        if odd or not octets:
            return False
        return self.length_octets in (None, octets, octets - 1 - int(self.pdu[:2], 16))


def storage_use(use: list[MemoryUse]) -> dict[str, StorageUse]:
    """Return how full the memories are, by name."""
    return {item.memory: StorageUse(item.used, item.total) for item in use}


class MessageStorage:
    """The memories as one port selects them: most modems have one selection for all ports, some one for each."""

    def __init__(self, at: AtClient) -> None:
        self.at = at
        #: The memory that reading and deleting work on now; empty for a modem without storage.
        self.selected = ""
        #: The memory for writing that the modem named at its start.
        self._write_memory = ""
        #: How many memories AT+CPMS takes; 0 until a selection was accepted.
        self._parameters = 0

    @property
    def write_memory(self) -> str:
        """The memory that AT+CMGW writes to and AT+CMSS sends from; empty where there is none."""
        return self.selected if self._parameters > 1 else self._write_memory

    async def memories(self) -> list[str]:
        """Ask which memories can be read from; none for a modem without storage."""
        line = await self.at.attempt_line(commands.STORAGES)
        roles = responses.parse_storages(line) if line is not None else []
        if len({role[0] for role in roles if len(role) == 1}) == len(roles):
            return [role[0] for role in roles]  # a flat list (Huawei MU609), not three roles of one each
        return roles[0] if roles else []

    async def use(self) -> list[MemoryUse]:
        """Ask how many messages the three selected memories hold."""
        line = await self.at.attempt_line(commands.STORAGE_USE)
        return responses.parse_storage_use(line) if line is not None else []

    def take_selection(self, use: list[MemoryUse]) -> None:
        """Take over the selection as the modem reports it."""
        self.selected = use[0].memory if use else ""
        self._write_memory = use[1].memory if len(use) > 1 else self.selected

    async def learn_selection(self) -> None:
        """Ask which memory is selected, where that is not known and the modem has any."""
        if not self.selected and self.at.profile.cpms_forms:
            self.take_selection(await self.use())

    async def select_for_all(self, memory: str) -> bool:
        """Read from, write to and receive into ``memory``, as many of the three as the modem allows."""
        accepted = await self._select(memory, self.at.profile.cpms_forms) > 0
        self._write_memory = self.selected
        return accepted

    async def select(self, memory: str) -> bool:
        """Select ``memory`` for reading, with as few parameters as the modem takes; return whether it is selected."""
        if memory == self.selected:
            return True
        forms = (self._parameters,) if self._parameters else tuple(reversed(self.at.profile.cpms_forms))
        if (accepted := await self._select(memory, forms)) > 0:
            self._parameters = accepted
        return accepted > 0

    async def _select(self, memory: str, forms: tuple[int, ...]) -> int:
        """Select by the first number of parameters that is accepted; return it, 0 for none."""
        for form in forms:
            if await self.at.attempt(commands.select_storage(*[memory] * form)) is not None:
                self.selected = memory
                return form
        return 0

    async def read(self, index: int) -> StoredPdu | None:
        """Read the message at an index of the selected memory; None where there is none."""
        try:
            response = await self.at.run(commands.read_message(index), PortPriority.RECEIVE)
        except CommandError as exc:
            if exc.final.code in _EMPTY_INDEX or exc.final.kind is FinalResultKind.ERROR:
                return None
            raise
        if not response.pairs:
            return None
        header = responses.parse_read_header(response.pairs[0][0])
        return StoredPdu(index, header.status, header.length_octets, response.pairs[0][1])

    async def list_messages(self) -> list[StoredPdu]:
        """List all messages of the selected memory. Raises :class:`CommandError` when the modem cannot list."""
        response = await self.at.run(commands.LIST_ALL, PortPriority.RECEIVE)
        found = []
        for line, pdu in response.pairs:
            header = responses.parse_list_header(line)
            if header.index is not None:
                found.append(StoredPdu(header.index, header.status, header.length_octets, pdu))
        return found

    async def delete(self, index: int) -> None:
        """Delete the message at an index; an index without a message is not an error."""
        try:
            await self.at.run(commands.delete_message(index), PortPriority.RECEIVE)
        except CommandError as exc:
            if exc.final.code not in _EMPTY_INDEX:
                raise
