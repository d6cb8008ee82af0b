"""Stored messages (27.005 3.2.2, 3.4.2, 3.4.3, 3.5.4): +CPMS, +CMGF, +CMGL, +CMGR, +CMGD."""

from __future__ import annotations

from ..at.command import RunningCommand
from ..at.message_view import STATUS_WORDS, list_lines, read_lines
from ..at.reply import Failure, Reply, cms
from ..modem.modem import Modem
from ..storage import READ, SENT, UNREAD, UNSENT, Store
from .row import Row


def _select(modem: Modem, command: RunningCommand) -> Reply:
    storage = modem.profile.storage
    names = [command.text(at, "").upper() for at in range(len(command.args))]
    if not storage.settable or len(names) not in storage.arguments:
        raise Failure()
    allowed = (storage.mem1, storage.mem2, storage.mem3)
    for name, known in zip(names, allowed, strict=False):
        if name not in known:
            raise Failure() if modem.profile.messages.plain_refusal else cms(302)
    if modem.outbound.sending and modem.profile.messages.busy_while_sending:
        raise Failure("cme", 515)
    modem.selected[: len(names)] = names
    if not storage.counters:
        return None
    return ["+CPMS: " + ",".join(_usage(modem.stores[name]) for name in modem.selected[: storage.count])]


def _usage(store: Store) -> str:
    return f"{len(store)},{store.capacity}"


def _selected(modem: Modem, command: RunningCommand) -> Reply:
    modem.commands_seen.add("AT+CPMS?")
    if modem.profile.storage.read:
        return [modem.profile.storage.read]
    chosen = modem.selected[: modem.profile.storage.count]
    return ["+CPMS: " + ",".join(f'"{name}",{_usage(modem.stores[name])}' for name in chosen)]


def _choices(modem: Modem, command: RunningCommand) -> Reply:
    storage = modem.profile.storage
    if storage.test:
        return [storage.test]
    groups = (storage.mem1, storage.mem2, storage.mem3)[: storage.count]
    return ["+CPMS: " + ",".join("(" + ",".join(f'"{name}"' for name in group) + ")" for group in groups)]


def _shown_format(modem: Modem, command: RunningCommand) -> Reply:
    return [f"+CMGF: {int(command.settings.text_mode)}"]


def _format(modem: Modem, command: RunningCommand) -> Reply:
    command.settings.text_mode = command.number(0, 0, 0, 1) == 1
    return None


def _status(command: RunningCommand) -> int:
    if not command.settings.text_mode:
        return command.number(0, 0, 0, 4)
    word = command.text(0, "REC UNREAD").upper()
    if word not in STATUS_WORDS:
        raise cms(305)
    return STATUS_WORDS.index(word)


def _states(modem: Modem, command: RunningCommand) -> Reply:
    words = ",".join(f'"{word}"' for word in STATUS_WORDS) if command.settings.text_mode else "0-4"
    return [f"+CMGL: ({words})"]


def _list(modem: Modem, command: RunningCommand) -> Reply:
    wanted = _status(command)
    keep = len(command.args) > 1 and command.args[1] == "1"
    lines: list[str] = []
    for index, message in modem.stores[modem.selected[0]].items():
        if wanted in (4, message.status):
            lines += list_lines(command.settings, index, message)
            if message.status == UNREAD and not keep:
                message.status = READ
    return lines


def _read(modem: Modem, command: RunningCommand) -> Reply:
    store = modem.stores[modem.selected[0]]
    index = command.number(0, None, 0, 100_000)
    message = store.get(index)
    if message is None:
        if not store.valid(index) or modem.profile.storage.empty_slot == "321":
            raise cms(321)
        return None
    lines = read_lines(command.settings, message, modem.profile.messages.report_header)
    if message.status == UNREAD and not (len(command.args) > 1 and command.args[1] == "1"):
        message.status = READ
    return lines


_DELETED = {1: (READ,), 2: (READ, SENT), 3: (READ, SENT, UNSENT), 4: (UNREAD, READ, SENT, UNSENT)}


def _delete(modem: Modem, command: RunningCommand) -> Reply:
    """Delete: +CMGD=<index>[,<delflag>]. With a flag the index is ignored (27.005 3.5.4)."""
    store = modem.stores[modem.selected[0]]
    index, flag = command.number(0, None, 0, 100_000), command.number(1, 0, 0, 4)
    if flag:
        for used in [used for used, message in store.items() if message.status in _DELETED[flag]]:
            store.delete(used)
    else:
        if not store.valid(index):
            raise cms(321)
        store.delete(index)
    modem.room_made()
    return None


def _deletable(modem: Modem, command: RunningCommand) -> Reply:
    store = modem.stores[modem.selected[0]]
    return ["+CMGD: (" + ",".join(str(index) for index, _ in store.items()) + "),(0-4)"]


ROWS = (
    Row("+CPMS", "27.005 3.2.2", read=_selected, test=_choices, set=_select, needs="sms"),
    Row(
        "+CMGF",
        "27.005 3.2.3",
        read=_shown_format,
        test="(0,1)",
        set=_format,
        run=_format,
    ),
    Row("+CMGL", "27.005 3.4.2, 4.1", run=_list, set=_list, test=_states, needs="sms"),
    Row("+CMGR", "27.005 3.4.3, 4.2", set=_read, test="", needs="sms"),
    Row("+CMGD", "27.005 3.5.4", set=_delete, test=_deletable, needs="sms"),
)
