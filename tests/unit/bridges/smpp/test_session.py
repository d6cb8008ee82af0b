"""The state machine of a session, and its timers."""

from __future__ import annotations

from gsmgw.bridges.smpp.pdus import RESPONSE, Command, CommandStatus, Pdu, build, parse
from gsmgw.bridges.smpp.session import MAX_WAITING, Answered, Session, State, Timers, bound

TIMERS = Timers(session_init_s=10, enquire_link_s=30, response_s=20, inactivity_s=None)
NOW = 1000.0


def make(timers: Timers = TIMERS) -> Session:
    return Session(timers, NOW)


def ask(session: Session, command: int, sequence: int = 1, now: float = NOW) -> list[tuple[int, int]]:
    """Give it a request; the commands and statuses that it answers by itself."""
    seen = session.receive(build(Pdu(command, 0, sequence)), now)
    for each in seen:
        assert isinstance(each, Pdu)
        if each.command in (Command.BIND_TRANSMITTER, Command.BIND_RECEIVER, Command.BIND_TRANSCEIVER):
            session.answer(each, bound(each, "gsmgw"))
        else:
            session.answer(each, each.response())
    return [(answer.command, answer.status) for answer in session.take()]


def bind(session: Session, command: int = Command.BIND_TRANSCEIVER) -> None:
    assert ask(session, command) == [(command | RESPONSE, 0)]


def test_each_bind_allows_its_operations() -> None:
    for command, state, transmits, receives in (
        (Command.BIND_TRANSMITTER, State.BOUND_TX, True, False),
        (Command.BIND_RECEIVER, State.BOUND_RX, False, True),
        (Command.BIND_TRANSCEIVER, State.BOUND_TRX, True, True),
    ):
        session = make()
        bind(session, command)
        assert (session.state, session.transmits, session.receives) == (state, transmits, receives)
        status = 0 if transmits else CommandStatus.INVALID_BIND_STATUS
        assert ask(session, Command.SUBMIT_SM) == [(Command.SUBMIT_SM | RESPONSE, status)]
        assert ask(session, command) == [(command | RESPONSE, CommandStatus.ALREADY_BOUND)]


def test_nothing_but_a_bind_is_accepted_at_first() -> None:
    session = make()
    for command in (Command.SUBMIT_SM, Command.QUERY_SM, Command.UNBIND):
        assert ask(session, command) == [(command | RESPONSE, CommandStatus.INVALID_BIND_STATUS)]
    assert ask(session, Command.ENQUIRE_LINK) == [(Command.ENQUIRE_LINK | RESPONSE, 0)]
    assert ask(session, Command.DELIVER_SM) == [(Command.GENERIC_NACK, CommandStatus.INVALID_COMMAND_ID)]


def test_a_second_bind_while_the_first_is_checked_is_refused() -> None:
    session = make()
    first = session.receive(build(Pdu(Command.BIND_TRANSMITTER, 0, 1)), NOW)
    assert len(first) == 1
    assert session.receive(build(Pdu(Command.BIND_TRANSMITTER, 0, 2)), NOW) == []
    assert [(each.sequence, each.status) for each in session.take()] == [(2, CommandStatus.ALREADY_BOUND)]


def test_a_refused_bind_ends_the_session() -> None:
    session = make()
    (request,) = session.receive(build(Pdu(Command.BIND_TRANSMITTER, 0, 1)), NOW)
    assert isinstance(request, Pdu)
    session.answer(request, request.response(CommandStatus.INVALID_PASSWORD))
    assert [each.status for each in session.take()] == [CommandStatus.INVALID_PASSWORD]
    assert session.is_closed


def test_unbind_in_both_directions() -> None:
    session = make()
    bind(session)
    assert ask(session, Command.UNBIND) == [(Command.UNBIND | RESPONSE, 0)]
    assert session.is_closed
    session = make()
    bind(session)
    session.unbind("the gateway stops", NOW)
    (request,) = session.take()
    assert request.command == Command.UNBIND
    assert session.receive(build(request.response()), NOW) == []
    assert (session.is_closed, session.reason) == (True, "the gateway stops")


def test_a_malformed_request_costs_only_itself() -> None:
    session = make()
    bind(session)
    whole = build(Pdu(Command.SUBMIT_SM, 0, 6))
    cut = (len(whole) - 3).to_bytes(4, "big") + whole[4:-3]
    unknown = build(Pdu(Command.ENQUIRE_LINK, 0, 7)).replace(b"\x00\x00\x00\x15", b"\x00\x00\x09\x99")
    assert session.receive(cut + unknown, NOW) == []
    assert [(each.command, each.status, each.sequence) for each in session.take()] == [
        (Command.SUBMIT_SM | RESPONSE, CommandStatus.INVALID_COMMAND_LENGTH, 6),
        (Command.GENERIC_NACK, CommandStatus.INVALID_COMMAND_ID, 7),
    ]
    assert not session.is_closed
    assert session.receive(b"\0\0\0\x01" + bytes(12), NOW) == []
    assert [each.command for each in session.take()] == [Command.GENERIC_NACK]
    assert session.is_closed


def test_too_many_requests_at_once_are_throttled() -> None:
    session = make()
    bind(session)
    raw = b"".join(build(Pdu(Command.SUBMIT_SM, 0, number)) for number in range(MAX_WAITING + 2))
    seen = session.receive(raw, NOW)
    assert len(seen) == MAX_WAITING
    assert [each.status for each in session.take()] == [CommandStatus.THROTTLED] * 2
    first = seen[0]
    assert isinstance(first, Pdu)
    session.answer(first, first.response())
    assert len(session.receive(build(Pdu(Command.SUBMIT_SM, 0, 1)), NOW)) == 1


def test_a_response_belongs_to_its_request() -> None:
    session = make()
    bind(session)
    number = session.ask(Command.DELIVER_SM, {}, {}, NOW)
    assert session.receive(build(Pdu(Command.DELIVER_SM | RESPONSE, 0, number + 1)), NOW) == []
    assert session.receive(build(Pdu(Command.ENQUIRE_LINK | RESPONSE, 0, number)), NOW) == []
    assert session.receive(build(Pdu(Command.DELIVER_SM | RESPONSE, 0x14, number)), NOW) == [Answered(number, 0x14)]
    again = session.ask(Command.DELIVER_SM, {}, {}, NOW)
    assert session.receive(build(Pdu(Command.GENERIC_NACK, 3, again)), NOW) == [Answered(again, 3)]


def test_the_timers() -> None:
    session = make()
    assert session.next_poll(NOW) == 10
    session.poll(NOW + 9.9)
    assert not session.is_closed
    session.poll(NOW + 10)
    assert session.reason == "no bind within 10 s"

    session = make()
    bind(session)
    assert session.next_poll(NOW) == 30
    session.poll(NOW + 30)
    session.poll(NOW + 31)
    assert [each.command for each in session.take()] == [Command.ENQUIRE_LINK]
    assert session.next_poll(NOW + 31) == 19
    session.poll(NOW + 50)
    assert session.reason == "no response within 20 s"

    session = make(Timers(inactivity_s=60))
    bind(session)
    assert ask(session, Command.ENQUIRE_LINK, now=NOW + 59) == [(Command.ENQUIRE_LINK | RESPONSE, 0)]
    session.poll(NOW + 60)
    assert [each.command for each in session.take()] == [Command.UNBIND]


def test_sequence_numbers_begin_anew() -> None:
    session = make()
    bind(session)
    session._sequence = 0x7FFF_FFFE
    assert [session.ask(Command.DELIVER_SM, {}, {}, NOW) for _ in range(3)] == [0x7FFF_FFFF, 1, 2]
    assert [parse(build(each)).sequence for each in session.take()] == [0x7FFF_FFFF, 1, 2]
