"""Mails events from the durable cursor: what the mail server has not taken is sent again, in order."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import TypeVar

import aiosmtplib

from gsmgw.bridges.email.context import MailContext
from gsmgw.bridges.email.writing import FAILED, RECEIVED, write_mail
from gsmgw.config.mail import MailSection
from gsmgw.dispatch.backoff import pause_after
from gsmgw.dispatch.cursor_runner import CursorRunner
from gsmgw.errors import GsmgwError
from gsmgw.escaping import visible
from gsmgw.model import Event
from gsmgw.store import contacts, cursors, webhooks

_Result = TypeVar("_Result")

log = logging.getLogger(__name__)

#: Attempts after which the pause no longer grows: 30 minutes. All mails wait for the first one.
LONGEST_PAUSE_AT = 5
#: How often a mail is sent whose content the server refuses, before it is left out: about 45 minutes.
REFUSED_TRIES = 6
#: Time for one answer of the mail server, seconds.
TIMEOUT_S = 60.0


class _Failed(GsmgwError):
    """A mail was not taken. ``content``: the server refuses this mail, not all."""

    def __init__(self, reason: str, *, content: bool = False) -> None:
        self.content = content
        super().__init__(visible(reason)[:300])


class Outbox(CursorRunner):
    """Mails received texts and failures."""

    def __init__(self, ctx: MailContext) -> None:
        super().__init__("mail", ctx.clock, ctx.feed)
        self._store = ctx.store
        self._settings = ctx.settings
        self._opened = False
        self._failures = 0
        self._refusals = 0
        self._not_before_s = 0.0
        #: Why the last mail was not taken; None if it was.
        self.trouble: str | None = None
        #: Mails that were left out since the start.
        self.dropped = 0

    async def turn(self) -> float | None:
        """Send what there is. After a failure nothing is sent before its pause is over."""
        if not self._opened:
            self.position = await self._store.write(lambda tx: cursors.open_cursor(tx, cursors.MAIL, holds=True))
            self._opened = True
        pause_s = self._not_before_s - self._clock.monotonic()
        if pause_s > 0:
            return pause_s
        while page := await self.page():
            try:
                await self._send(page)
            except _Failed as failure:
                return self._postpone(failure)
        return None

    def _postpone(self, failure: _Failed) -> float:
        self._failures += 1
        self._refusals = self._refusals + 1 if failure.content else 0
        pause_s = pause_after(min(self._failures, LONGEST_PAUSE_AT), None, random.random()) or 0.0
        self._not_before_s = self._clock.monotonic() + pause_s
        level = logging.WARNING if self.trouble is None else logging.DEBUG
        self.trouble = f"{self._settings.server} does not take mails: {failure}"
        log.log(level, "mail: %s; trying again in %.0f s", self.trouble, pause_s)
        return pause_s

    async def _send(self, page: Sequence[Event]) -> None:
        """Send the mails of a page through one connection. Raises :class:`_Failed`."""
        async with AsyncExitStack() as stack:
            client: aiosmtplib.SMTP | None = None
            for event in page:
                mail = await self._mail(event)
                if mail is None:
                    continue
                if client is None:
                    await self._advance(event.id - 1)
                    client = await self._connect()
                    stack.push_async_callback(_leave, client)
                try:
                    await self._hand_over(client, mail)
                except _Failed as failure:
                    if not failure.content or self._refusals + 1 < REFUSED_TRIES:
                        raise
                    self.dropped += 1
                    log.error("mail: left out, the server refuses it event=%d reason=%s", event.id, failure)
                if self.trouble is not None:
                    log.info("mail: %s takes mails again", self._settings.server)
                self.trouble, self._failures, self._refusals = None, 0, 0
                await self._advance(event.id)
        await self._advance(page[-1].id)

    async def _advance(self, event_id: int) -> None:
        if event_id > self.position:
            await self._store.write(lambda tx: cursors.move(tx, cursors.MAIL, event_id))
            self.position = event_id

    async def _mail(self, event: Event) -> bytes | None:
        if event.type not in RECEIVED and event.type not in FAILED:
            return None
        content = await self._store.read(lambda db: webhooks.content(db, event.id))
        if content is None or (message := content[1]) is None:
            return None
        peer = message.peer
        name = (await self._store.read(lambda db: contacts.names_of(db, [peer]))).get(peer)
        return write_mail(content[0], message, name, self._settings)

    async def _hand_over(self, client: aiosmtplib.SMTP, mail: bytes) -> None:
        settings = self._settings
        try:
            refused, _ = await _apart(client.sendmail(settings.sender or "", settings.to, mail))
        except aiosmtplib.SMTPDataError as exc:
            raise _Failed(f"{exc.code} {exc.message}", content=exc.code >= 500) from None
        except (aiosmtplib.SMTPException, OSError) as exc:
            raise _Failed(_reason(exc)) from None
        for address, (code, words) in refused.items():
            log.warning("mail: not taken for %s: %s %s", address, code, visible(words)[:200])

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        try:
            client = _client(settings)
            await _apart(client.connect())
        except (aiosmtplib.SMTPException, OSError, ValueError) as exc:
            raise _Failed(_reason(exc)) from None
        return client


async def _apart(work: Coroutine[object, object, _Result]) -> _Result:
    """Run an operation of the client in a task of its own.

    Before Python 3.12, :func:`asyncio.wait_for`, which the client uses, can lose a cancellation: the gateway would not
    stop.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        raise


def _client(settings: MailSection) -> aiosmtplib.SMTP:
    """Return a client. Raises OSError for files that cannot be read."""
    tls = settings.server_tls
    file = settings.password_file
    return aiosmtplib.SMTP(
        hostname=settings.server,
        port=settings.server_port,
        username=settings.username,
        password=None if file is None else file.read_text(encoding="utf-8").strip(),
        local_hostname=(settings.sender or "").rpartition("@")[2] or None,
        use_tls=tls == "implicit",
        start_tls=tls == "starttls",
        tls_context=None if tls == "none" else ssl.create_default_context(cafile=settings.ca_file),
        timeout=TIMEOUT_S,
    )


def _reason(exc: Exception) -> str:
    """Return an error of the connection in words."""
    if isinstance(exc, aiosmtplib.SMTPResponseException):
        return f"{exc.code} {exc.message}"
    if isinstance(exc, aiosmtplib.SMTPRecipientsRefused):
        return "; ".join(f"{each.recipient}: {each.code} {each.message}" for each in exc.recipients)
    return str(exc) or type(exc).__name__


async def _leave(client: aiosmtplib.SMTP) -> None:
    """End a connection."""
    try:
        if client.is_connected:
            await _apart(client.quit(timeout=5))
    except (aiosmtplib.SMTPException, OSError):
        client.close()
