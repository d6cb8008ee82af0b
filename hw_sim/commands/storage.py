"""Stored messages (27.005 3.2.2, 3.4.2, 3.4.3, 3.5.4): +CPMS, +CMGF, +CMGL, +CMGR, +CMGD."""

from __future__ import annotations

from ..at.message_view import STATUS_WORDS, list_lines, read_lines
from ..at.reply import Call, Failure, Reply, cms
from ..storage import READ, SENT, UNREAD, UNSENT, Store
from .row import Row


def _select(call: Call) -> Reply:
    modem = call.modem
    rules = modem.profile.storage
    names = [call.text(at, "").upper() for at in range(len(call.args))]
    if not rules.settable or len(names) not in rules.arguments:
        raise Failure()
    allowed = (rules.mem1, rules.mem2, rules.mem3)
    for name, known in zip(names, allowed, strict=False):
        if name not in known:
            raise Failure() if modem.profile.messages.plain_refusal else cms(302)
    if modem.sending and modem.profile.messages.busy_while_sending:
        raise Failure("cme", 515)
    modem.selected[: len(names)] = names
    if not rules.counters:
        return None
    return ["+CPMS: " + ",".join(_usage(modem.stores[name]) for name in modem.selected[: rules.count])]


def _usage(store: Store) -> str:
    return f"{len(store)},{store.capacity}"


def _selected(call: Call) -> Reply:
    modem = call.modem
    modem.flags.add("AT+CPMS?")
    if modem.profile.storage.read:
        return [modem.profile.storage.read]
    chosen = modem.selected[: modem.profile.storage.count]
    return ["+CPMS: " + ",".join(f'"{name}",{_usage(modem.stores[name])}' for name in chosen)]


def _choices(call: Call) -> Reply:
    rules = call.modem.profile.storage
    if rules.test:
        return [rules.test]
    groups = (rules.mem1, rules.mem2, rules.mem3)[: rules.count]
    return ["+CPMS: " + ",".join("(" + ",".join(f'"{name}"' for name in group) + ")" for group in groups)]


def _shown_format(call: Call) -> Reply:
    return [f"+CMGF: {int(call.port.text_mode)}"]


def _format(call: Call) -> Reply:
    call.port.text_mode = call.number(0, 0, 0, 1) == 1
    return None


def _status(call: Call) -> int:
    if not call.port.text_mode:
        return call.number(0, 0, 0, 4)
    word = call.text(0, "REC UNREAD").upper()
    if word not in STATUS_WORDS:
        raise cms(305)
    return STATUS_WORDS.index(word)


def _states(call: Call) -> Reply:
    words = ",".join(f'"{word}"' for word in STATUS_WORDS) if call.port.text_mode else "0-4"
    return [f"+CMGL: ({words})"]


def _list(call: Call) -> Reply:
    modem = call.modem
    wanted = _status(call)
    keep = len(call.args) > 1 and call.args[1] == "1"
    lines: list[str] = []
    for index, message in modem.stores[modem.selected[0]].items():
        if wanted in (4, message.status):
            lines += list_lines(call.port, index, message)
            if message.status == UNREAD and not keep:
                message.status = READ
    return lines


def _read(call: Call) -> Reply:
    modem = call.modem
    store = modem.stores[modem.selected[0]]
    index = call.number(0, None, 0, 100_000)
    message = store.get(index)
    if message is None:
        if not store.valid(index) or modem.profile.storage.empty_slot == "321":
            raise cms(321)
        return None
    lines = read_lines(call.port, message)
    if message.status == UNREAD and not (len(call.args) > 1 and call.args[1] == "1"):
        message.status = READ
    return lines


_DELETED = {1: (READ,), 2: (READ, SENT), 3: (READ, SENT, UNSENT), 4: (UNREAD, READ, SENT, UNSENT)}


def _delete(call: Call) -> Reply:
    """+CMGD=<index>[,<delflag>]; with a flag the index is ignored (27.005 3.5.4)."""
    modem = call.modem
    store = modem.stores[modem.selected[0]]
    index, flag = call.number(0, None, 0, 100_000), call.number(1, 0, 0, 4)
    if flag:
        for used in [used for used, message in store.items() if message.status in _DELETED[flag]]:
            store.delete(used)
    else:
        if not store.valid(index):
            raise cms(321)
        store.delete(index)
    modem.room_made()
    return None


def _deletable(call: Call) -> Reply:
    store = call.modem.stores[call.modem.selected[0]]
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
