"""Takes mails: who may send, whom, and what. Raises :class:`Refused` with the answer of the SMTP server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from gsmgw.bridges.email.addresses import recipients_in
from gsmgw.bridges.email.context import MailContext
from gsmgw.bridges.email.reading import BadMail, Mail, read_mail
from gsmgw.errors import GsmgwError, StoreError
from gsmgw.http.problems import Problem
from gsmgw.model import Outgoing, Purpose, format_id
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound import Accepted, Principal, QuotaExceeded, Refusal, ServiceError, Submission
from gsmgw.wire.problems import ProblemCode

log = logging.getLogger(__name__)

#: Numbers that one mail is sent to.
MAX_NUMBERS = 1000


class Refused(GsmgwError):
    """The answer of an SMTP server that refuses: ``code`` with its enhanced code (RFC 3463), and the reason."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of a mail: one number, or those of a group."""

    address: str
    numbers: tuple[str, ...]


class Intake:
    """Takes the mails of all sessions."""

    def __init__(self, ctx: MailContext) -> None:
        self._ctx = ctx
        self._running: set[asyncio.Task[str]] = set()

    async def enter(self, address: str, secret: str) -> Principal:
        """Return the caller whose token is the password. Raises :class:`Refused`."""
        try:
            principal = await self._ctx.access.enter(address, secret)
            principal.require("send")
        except Problem as exc:
            if exc.code is ProblemCode.TOO_MANY_REQUESTS:
                raise Refused("454 4.7.0", exc.detail) from None
            raise Refused("535 5.7.8", f"{exc.detail}: the password must be a token") from None
        except ServiceError as exc:
            raise Refused("535 5.7.8", exc.detail) from None
        except StoreError as exc:
            raise _unavailable(exc) from None
        return principal

    async def recipient(self, principal: Principal, address: str) -> Recipient:
        """Return whom an address means, if a text to it would be accepted. Raises :class:`Refused`."""
        candidates = recipients_in(address)
        if not candidates:
            raise Refused("550 5.1.1", "write a number or a name before the @, for example +4915112345678@sms")
        try:
            numbers = await self._numbers(principal, candidates)
            found = await self._ctx.service.preview_batch(principal, [Submission(each, text="x") for each in numbers])
        except ServiceError as exc:
            raise _refused(exc) from None
        except StoreError as exc:
            raise _unavailable(exc) from None
        if not any(isinstance(each, Outgoing) for each in found):
            raise _refused(next(each for each in found if isinstance(each, Refusal)))
        return Recipient(address, tuple(numbers))

    async def _numbers(self, principal: Principal, candidates: Sequence[str]) -> list[str]:
        """Return the numbers of the first candidate that is known. Raises :class:`Refusal`."""
        if principal.is_restricted:  # contacts belong to all modems
            try:
                return [parse_recipient(candidates[0], self._ctx.country())]
            except NumberError as exc:
                reason = f"{candidates[0][:60]!r} {exc}, and {principal.title} may not use names"
                raise Refusal(ProblemCode.INVALID_NUMBER, "to", reason) from None
        refusals: list[Refusal] = []
        for each in candidates:
            try:
                return await self._ctx.recipients.numbers(each)
            except Refusal as refusal:
                refusals.append(refusal)
        raise refusals[0]

    async def take(self, principal: Principal, recipients: Sequence[Recipient], content: bytes) -> str:
        """Submit a mail and return the answer, once its texts are saved to disk. Raises :class:`Refused`.

        A client that hangs up meanwhile does not interrupt it: what is saved has to be announced.
        """
        task = asyncio.create_task(self._take(principal, recipients, content), name="mail")
        self._running.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[str]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved here too: the client may have hung up

    async def settle(self) -> None:
        """Wait until what was begun is finished."""
        if self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _take(self, principal: Principal, recipients: Sequence[Recipient], content: bytes) -> str:
        settings = self._ctx.settings
        try:
            mail = await asyncio.to_thread(read_mail, content, settings.subject, settings.max_characters)
        except BadMail as exc:
            log.warning("mail: refused token=%s reason=%r", principal.token, str(exc))
            raise Refused("554 5.6.0", str(exc)) from None
        numbers = list(dict.fromkeys(number for each in recipients for number in each.numbers))
        if len(numbers) > MAX_NUMBERS:
            raise Refused("554 5.5.3", f"the mail has {len(numbers)} recipients; at most {MAX_NUMBERS} are possible")
        try:
            results = await self._ctx.service.submit_batch(principal, [_submission(mail, each) for each in numbers])
        except ServiceError as exc:
            raise _refused(exc) from None
        except StoreError as exc:
            raise _unavailable(exc) from None
        accepted = [each for each in results if isinstance(each, Accepted)]
        refused = [each for each in results if isinstance(each, Refusal)]
        if not accepted:
            raise _refused(refused[0])
        for each in refused:  # of a group, or opted out since RCPT
            log.warning("mail: not sent to one of the recipients token=%s reason=%r", principal.token, str(each))
        log.info("mail: accepted token=%s texts=%d", principal.token, len(accepted))
        ids = " ".join(format_id(each.message_id) for each in accepted[:5])
        left_out = f"; not sent to {len(refused)} of {len(results)} recipients" if refused else ""
        return f"250 2.0.0 accepted {ids}{' ...' if len(accepted) > 5 else ''}{left_out}"


def _submission(mail: Mail, number: str) -> Submission:
    return Submission(
        to=number,
        text=mail.text,
        purpose=Purpose.CONVERSATION if mail.reply else Purpose.TRANSACTIONAL,
        client_ref=None if mail.ident is None else f"mail:{mail.ident}:{number}",
        answers=mail.answers,
    )


def _refused(error: ServiceError) -> Refused:
    if isinstance(error, QuotaExceeded):
        return Refused("451 4.7.1", f"{error.detail}; try again in {error.retry_after_s} s")
    policy = error.code in (ProblemCode.RECIPIENT_OPTED_OUT, ProblemCode.FORBIDDEN, ProblemCode.NOT_YOUR_MODEM)
    field = getattr(error, "field", "to")
    return Refused("550 5.7.1" if policy else "550 5.1.1" if field == "to" else "554 5.6.0", error.detail)


def _unavailable(error: StoreError) -> Refused:
    log.log(error.level, "mail: refused for now: %s", error)
    return Refused("451 4.3.0", "the database cannot save the text now; try again")
