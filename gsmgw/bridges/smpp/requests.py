"""The requests of clients that may transmit: each becomes a call of the message service and its response."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from gsmgw.bridges.smpp.addresses import address_of, international, joined, target
from gsmgw.bridges.smpp.content import Content, Refused, content_of
from gsmgw.bridges.smpp.context import SmppContext
from gsmgw.bridges.smpp.moments import parse_moment
from gsmgw.bridges.smpp.pdus import Address, Command, CommandStatus, Failure, Pdu, Value
from gsmgw.bridges.smpp.states import ENROUTE, state_of
from gsmgw.bridges.values import valid_for
from gsmgw.digits import is_digits
from gsmgw.errors import StoreError
from gsmgw.model import MessageRecord, Outgoing, Priority
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound import (
    Accepted,
    MessageNotFound,
    Principal,
    QuotaExceeded,
    Refusal,
    Result,
    ServiceError,
    Submission,
    WrongState,
)
from gsmgw.outbound.acceptance import OnAccept
from gsmgw.store import Tx, smpp
from gsmgw.wire.problems import ProblemCode

log = logging.getLogger(__name__)

#: Bits of ``registered_delivery`` that ask for receipts of final states, and for intermediate ones (5.2.17).
FINAL, INTERMEDIATE = 0x03, 0x10
_URGENT_FROM, _LAST_PRIORITY = 2, 3
_LARGEST_ID: Final = (1 << 63) - 1
_QOS_TIME_TO_LIVE: Final = 0x0017

_BY_CODE: Final[Mapping[ProblemCode, CommandStatus]] = {
    ProblemCode.INVALID_NUMBER: CommandStatus.INVALID_DESTINATION,
    ProblemCode.EMPTY_MESSAGE: CommandStatus.INVALID_MESSAGE_LENGTH,
    ProblemCode.TOO_LONG: CommandStatus.INVALID_MESSAGE_LENGTH,
    ProblemCode.UNKNOWN_MODEM: CommandStatus.INVALID_SOURCE,
    ProblemCode.UNKNOWN_POOL: CommandStatus.INVALID_SOURCE,
    ProblemCode.NOT_YOUR_MODEM: CommandStatus.INVALID_SOURCE,
}


def status_of(exc: Exception) -> CommandStatus:
    """Return the ``command_status`` for an error."""
    if isinstance(exc, Refused):
        return exc.status
    if isinstance(exc, QuotaExceeded):
        return CommandStatus.THROTTLED
    if isinstance(exc, StoreError):  # the client keeps the message and tries again
        return CommandStatus.QUEUE_FULL
    if isinstance(exc, ServiceError):
        return _BY_CODE.get(exc.code, CommandStatus.SUBMIT_FAILED)
    return CommandStatus.SYSTEM_ERROR


class Requests:
    """Answers the requests of clients."""

    def __init__(self, ctx: SmppContext) -> None:
        self._ctx = ctx
        self._service = ctx.service
        self._handlers: Mapping[int, Callable[[Principal, Pdu], Awaitable[Pdu]]] = {
            Command.SUBMIT_SM: self._submit,
            Command.DATA_SM: self._submit,
            Command.SUBMIT_MULTI: self._submit_multi,
            Command.QUERY_SM: self._query,
            Command.CANCEL_SM: self._cancel,
            Command.REPLACE_SM: self._replace,
        }

    async def answer(self, principal: Principal, request: Pdu) -> Pdu:
        """Return the response to a request. An accepted message is saved by then."""
        try:
            return await self._handlers[request.command](principal, request)
        except (Refused, ServiceError, StoreError) as exc:
            status = status_of(exc)
            log.info(
                "smpp: refused system_id=%s command=%s status=%#04x: %s", principal.who, request.title, status, exc
            )
        except Exception:
            log.exception("smpp: %s failed system_id=%s", request.title, principal.who)
            status = CommandStatus.SYSTEM_ERROR
        return request.response(status)

    async def _submit(self, principal: Principal, pdu: Pdu) -> Pdu:
        content, destination = content_of(pdu), pdu.address("dest")
        if content.place is not None:
            known_id = await self._submit_part(principal, pdu, content)
            return pdu.response(fields={"message_id": b"%d" % known_id})
        submission = self._submission(pdu, content, destination)
        (result,) = await self._service.submit_batch(
            principal, [submission], on_accept=_noting(pdu, lambda _: destination)
        )
        return pdu.response(fields={"message_id": b"%d" % _accepted(result)})

    async def _submit_multi(self, principal: Principal, pdu: Pdu) -> Pdu:
        """Submit a message to several recipients, under one ID. Each is accepted or refused by itself."""
        content = content_of(pdu)
        if content.place is not None:
            raise Refused(CommandStatus.INVALID_ESM_CLASS, "parts of a long message cannot go to several recipients")
        wanted = pdu.fields.get("dest_address", ())
        addresses = [each for each in wanted if isinstance(each, Address)] if isinstance(wanted, tuple) else []
        if not addresses or not isinstance(wanted, tuple) or len(addresses) != len(wanted):
            raise Refused(CommandStatus.INVALID_LIST_NAME, "distribution lists are not supported")
        submissions = [self._submission(pdu, content, each) for each in addresses]
        by_number: dict[str, Address] = {}
        for address in addresses:
            with contextlib.suppress(Refused):  # the service refuses it
                by_number.setdefault(self._number(address), address)

        def written(number: str) -> Address:
            return by_number.get(number) or address_of(number)  # a reload may change the country meanwhile

        results = await self._service.submit_batch(principal, submissions, on_accept=_noting(pdu, written, always=True))
        ids = [each.message_id for each in results if isinstance(each, Accepted)]
        failures = tuple(
            Failure(address, status_of(each))
            for address, each in zip(addresses, results, strict=True)
            if isinstance(each, Refusal)
        )
        message_id = b"%d" % ids[0] if ids else b""
        status = 0 if ids else CommandStatus.SUBMIT_FAILED
        return pdu.response(status, {"message_id": message_id, "unsuccess_sme": failures})

    async def _submit_part(self, principal: Principal, pdu: Pdu, content: Content) -> int:
        """Keep a part of a long message, or submit the message with its last part. Return the ID of the part."""
        principal.require("send")
        place, now_ms = content.place, self._ctx.clock.wall_ms()
        assert place is not None
        source, destination = pdu.address("source"), pdu.address("dest")
        part = smpp.Part(
            id=self._ctx.store.ids.next(now_ms),
            owner=principal.owner,
            whole=f"{joined(source)} {joined(destination)} {place.reference} {place.total}",
            number=place.number,
            peer=self._number(destination),  # parts are found by it when it is erased
            octets=content.raw,
            registered=pdu.number("registered_delivery"),
            source=joined(source),
            destination=joined(destination),
            created_ms=now_ms,
        )
        self._submission(pdu, content, destination)  # refused at once, not with the last part
        others = await self._ctx.store.write(lambda tx: smpp.keep_part(tx, part, place.total))
        if others is None:
            return part.id
        parts = sorted((*others, part), key=lambda each: each.number)
        whole = content._replace(raw=b"".join(each.octets for each in parts), place=None)
        submission = self._submission(pdu, whole, destination)
        (result,) = await self._service.submit_batch(principal, [submission], on_accept=_joining(parts, others))
        _accepted(result)
        return part.id

    def _number(self, destination: Address) -> str:
        """Return a recipient in the form of the API. Raises :class:`Refused`."""
        try:
            return parse_recipient(international(destination), self._ctx.country())
        except NumberError as exc:
            raise Refused(CommandStatus.INVALID_DESTINATION, f"destination_addr {exc}") from None

    def _submission(self, pdu: Pdu, content: Content, destination: Address) -> Submission:
        """Return what the service gets."""
        if pdu.number("protocol_id"):
            raise Refused(CommandStatus.SUBMIT_FAILED, f"protocol_id {pdu.number('protocol_id')} is not supported")
        if pdu.number("replace_if_present_flag"):
            raise Refused(CommandStatus.INVALID_REPLACE_FLAG, "messages are not replaced")
        if pdu.number("sm_default_msg_id"):
            raise Refused(CommandStatus.INVALID_PREDEFINED, "there are no predefined messages")
        priority = pdu.number("priority_flag")
        if priority > _LAST_PRIORITY:
            raise Refused(CommandStatus.INVALID_PRIORITY, f"priority_flag {priority} is not possible")
        text = None if content.place is not None else content.text
        modem, pool = target(pdu.address("source").digits, self._ctx.modems, self._ctx.pools())
        send_at_ms = self._moment(pdu, "schedule_delivery_time", CommandStatus.INVALID_SCHEDULE)
        return Submission(
            to=international(destination),
            text=text,
            data=content.raw if text is None else None,
            port=content.port if text is None else None,
            modem=modem,
            pool=pool,
            priority=Priority.URGENT if priority >= _URGENT_FROM else Priority.NORMAL,
            send_at_ms=send_at_ms,
            valid_for=self._valid_for(pdu, send_at_ms),
            report=bool(pdu.number("registered_delivery") & FINAL) or None,
            encoding="ucs2" if content.coding == "utf-16-be" else "auto",
            message_class=content.message_class,
            bare=text is None,
        )

    def _moment(self, pdu: Pdu, name: str, status: CommandStatus) -> int | None:
        try:
            return parse_moment(pdu.text(name), self._ctx.clock.wall_ms())
        except ValueError as exc:
            raise Refused(status, f"{name}: {exc}") from None

    def _valid_for(self, pdu: Pdu, send_at_ms: int | None) -> int | None:
        """Return the validity in seconds."""
        if (lives := pdu.tlvs.get(_QOS_TIME_TO_LIVE)) is not None:
            if len(lives) != 4:
                raise Refused(CommandStatus.INVALID_OPTIONAL_LENGTH, "qos_time_to_live must have 4 bytes")
            return valid_for(int.from_bytes(lives, "big"))
        until_ms = self._moment(pdu, "validity_period", CommandStatus.INVALID_EXPIRY)
        if until_ms is None:
            return None
        now_ms = self._ctx.clock.wall_ms()
        left_s = (until_ms - max(now_ms, send_at_ms or 0)) // 1000
        if left_s <= 0:
            raise Refused(CommandStatus.INVALID_EXPIRY, "validity_period ends before the message can be sent")
        return valid_for(left_s)

    async def _query(self, principal: Principal, pdu: Pdu) -> Pdu:
        known_id = _known_id(pdu)
        if await self._ctx.store.read(lambda db: smpp.part(db, principal.owner, known_id)) is not None:
            return pdu.response(fields=_state(pdu, ENROUTE, b"", 0))
        record = (await self._records(principal, known_id))[0]
        state = state_of(record)
        return pdu.response(fields=_state(pdu, state.value, state.final_date, state.error & 0xFF))

    async def _cancel(self, principal: Principal, pdu: Pdu) -> Pdu:
        if not pdu.raw("message_id"):
            raise Refused(CommandStatus.CANCEL_FAILED, "messages are canceled one by one, by message_id")
        known_id = _known_id(pdu)
        part = await self._ctx.store.read(lambda db: smpp.part(db, principal.owner, known_id))
        if part is not None:
            await self._ctx.store.write(lambda tx: smpp.drop_parts(tx, [part.id]))
            return pdu.response()
        try:
            for record in await self._records(principal, known_id):
                await self._service.cancel(principal, record.id)
        except WrongState as exc:
            raise Refused(CommandStatus.CANCEL_FAILED, exc.detail) from None
        return pdu.response()

    async def _replace(self, principal: Principal, pdu: Pdu) -> Pdu:
        await self._records(principal, _known_id(pdu))
        raise Refused(CommandStatus.REPLACE_FAILED, "an accepted message is not changed: cancel it and submit another")

    async def _records(self, principal: Principal, known_id: int) -> list[MessageRecord]:
        """Return the client's own messages behind an ID. Raises :class:`Refused` if there are none."""
        ids = await self._ctx.store.read(lambda db: smpp.messages_of(db, known_id)) or [known_id]
        try:
            found = [await self._service.get(principal, message_id) for message_id in ids]
        except MessageNotFound:
            found = []
        own = [record for record in found if record.owner == principal.owner]
        if not own:
            raise Refused(CommandStatus.INVALID_MESSAGE_ID, f"the message {known_id} does not exist")
        return own


def _accepted(result: Result) -> int:
    if isinstance(result, Refusal):
        raise result
    return result.message_id


def _known_id(pdu: Pdu) -> int:
    text = pdu.text("message_id")
    if not is_digits(text) or not 0 < int(text) <= _LARGEST_ID:
        raise Refused(CommandStatus.INVALID_MESSAGE_ID, f"{text!r} is not the ID of a message")
    return int(text)


def _state(pdu: Pdu, state: int, final_date: bytes, error: int) -> dict[str, Value]:
    return {
        "message_id": pdu.raw("message_id"),
        "final_date": final_date,
        "message_state": state,
        "error_code": error,
    }


def _noting(pdu: Pdu, destination_of: Callable[[str], Address], *, always: bool = False) -> OnAccept | None:
    """Return what notes the receipts that are wanted; all messages have the ID of the first one.

    ``destination_of`` returns the address that the client wrote for a number.
    """
    registered, source = pdu.number("registered_delivery"), joined(pdu.address("source"))
    if not always and not registered & (FINAL | INTERMEDIATE):
        return None

    def note(tx: Tx, fresh: Sequence[Outgoing]) -> None:
        smpp.remember(
            tx,
            [
                smpp.Submitted(
                    message.id,
                    fresh[0].id,
                    registered,
                    source,
                    joined(destination_of(message.to)),
                )
                for message in fresh
            ],
        )

    return note


def _joining(parts: Sequence[smpp.Part], kept: Sequence[smpp.Part]) -> OnAccept:
    """Return what puts the message in the place of its parts."""

    def join(tx: Tx, fresh: Sequence[Outgoing]) -> None:
        if smpp.drop_parts(tx, [each.id for each in kept]) != len(kept):
            raise LookupError("a part was joined or deleted meanwhile")
        (message,) = fresh
        smpp.remember(
            tx,
            [smpp.Submitted(message.id, each.id, each.registered, each.source, each.destination) for each in parts],
        )

    return join
