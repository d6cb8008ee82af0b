"""The SMTP server: one session for each connection. The only module with aiosmtpd."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, TLSSetupException

from gsmgw.bridges.email.intake import Intake, Recipient, Refused
from gsmgw.http.origins import network_key
from gsmgw.outbound import Principal

log = logging.getLogger(__name__)

#: Bytes of a mail, and of one of its lines: programs do not keep to the 998 of RFC 5322.
MAX_BYTES, MAX_LINE = 1_048_576, 65_536
#: Recipients of a mail; an MTA sends further ones in another mail.
MAX_RECIPIENTS = 100
#: Connections in total and from one address.
MAX_SESSIONS, MAX_PER_ADDRESS = 32, 20
#: Seconds from one command to the next, the mail included.
TIMEOUT_S = 120.0
#: How often a command may come in one session.
_CALLS = {"AUTH": 5, "MAIL": 500, "DATA": 500, "RCPT": 5000, "RSET": 1000, "NOOP": 1000, "*": 30}


class _Envelope(Envelope):
    def __init__(self) -> None:
        super().__init__()
        self.recipients: list[Recipient] = []


class Handler:
    """Handlers of the SMTP commands. aiosmtpd finds its methods by their names."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def auth_PLAIN(self, server: Session, args: list[str]) -> AuthResult:
        """SMTP AUTH PLAIN (RFC 4616)."""
        return await self._enter(server, await server.auth_PLAIN(server, args))

    async def auth_LOGIN(self, server: Session, args: list[str]) -> AuthResult:
        """SMTP AUTH LOGIN."""
        return await self._enter(server, await server.auth_LOGIN(server, args))

    async def _enter(self, server: Session, result: AuthResult) -> AuthResult:
        """Check the password that a client has sent. The user name does not matter."""
        if not result.success or not isinstance(result.auth_data, LoginPassword):
            return result
        server.secret = result.auth_data.password.decode("utf-8", "replace")
        try:
            server.principal = await self._intake.enter(server.address, server.secret)
        except Refused as refused:
            log.warning("mail: sign-in refused from=%s reason=%r", server.address, str(refused))
            return AuthResult(success=False, handled=False, message=reply(refused))
        return AuthResult(success=True)

    async def handle_MAIL(
        self, server: Session, _: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail. The token is looked at again: it may have been revoked meanwhile."""
        if server.principal is None:
            return "530 5.7.0 Authentication required: the password is a token"
        if address == "<>":
            return "550 5.7.1 mails without a sender are automatic answers, which are not sent as texts"
        try:
            server.principal = await self._intake.enter(server.address, server.secret)
        except Refused as refused:
            return reply(refused)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: Session, _: object, envelope: _Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient."""
        if server.principal is None:
            return "530 5.7.0 Authentication required: the password is a token"
        if len(envelope.recipients) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        try:
            envelope.recipients.append(await self._intake.recipient(server.principal, address))
        except Refused as refused:
            log.warning("mail: recipient refused token=%s reason=%r", server.principal.token, str(refused))
            return reply(refused)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Session, _: object, envelope: _Envelope) -> str:
        """Take the mail. 250 is the answer when its texts are saved to disk."""
        if server.principal is None or not isinstance(envelope.original_content, bytes):
            return "530 5.7.0 Authentication required: the password is a token"
        try:
            return await self._intake.take(server.principal, envelope.recipients, envelope.original_content)
        except Refused as refused:
            return reply(refused)

    async def handle_exception(self, error: Exception) -> str:
        """Answer after an internal error, and after a client that did not manage TLS."""
        if isinstance(error, TLSSetupException):
            log.info("mail: a client did not finish the TLS handshake: %r", error.__cause__)
            return "454 4.7.0 TLS failed"
        log.error("mail: a command failed", exc_info=error)
        return "451 4.3.0 internal error; try again"


class Session(SMTP):
    """A connection of a client."""

    line_length_limit = MAX_LINE

    def __init__(self, intake: Intake, sessions: set[Session], tls: ssl.SSLContext | None, *, demand_tls: bool) -> None:
        super().__init__(
            Handler(intake),
            data_size_limit=MAX_BYTES,
            enable_SMTPUTF8=True,
            hostname=socket.gethostname(),
            ident="gsmgw",
            tls_context=tls,
            timeout=TIMEOUT_S,
            auth_require_tls=demand_tls,
            authenticator=_given,
            command_call_limit=_CALLS,
            loop=asyncio.get_running_loop(),
        )
        self._sessions = sessions
        self.address = ""
        self.secret = ""
        self.principal: Principal | None = None

    def _create_envelope(self) -> Envelope:
        return _Envelope()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or begin again with TLS: what was said in clear text does not count (RFC 3207 4.2)."""
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self.principal = None
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        self._sessions.discard(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        key = network_key(self.address)
        same = sum(network_key(each.address) == key for each in self._sessions)
        if len(self._sessions) > MAX_SESSIONS or same > MAX_PER_ADDRESS:
            await self.push("421 4.3.2 too many connections; try again later")
            self.close()
            return
        await super()._handle_client()

    def close(self) -> None:
        """Hang up."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.close()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Parse an address. The parser of the standard library fails in its own ways with some."""
        try:
            address, rest = super()._getaddr(arg)
            (address or "").encode()
        except (ValueError, IndexError, AttributeError, TypeError, RecursionError):
            return None, None
        return address, rest


def _given(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
    """Return what a client has sent; the handler checks it."""
    return AuthResult(success=True, auth_data=data)


def reply(refused: Refused) -> str:
    """Return an answer on one line and in ASCII (RFC 5321 4.2)."""
    reason = " ".join(str(refused).split())
    return f"{refused.code} {reason}".encode("ascii", "backslashreplace")[:500].decode()
