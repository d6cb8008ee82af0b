"""Mail for tests: a client that speaks SMTP, and a server that keeps what it gets and refuses what it is told to."""

from __future__ import annotations

import contextlib
import email.policy
import os
import re
import shutil
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

SENDER, ANN = "sms@gate.example", "ann@home.example"
SWAKS = shutil.which("swaks")


def require_swaks() -> str:
    """The program. Skips without it, except in CI."""
    if SWAKS is None:
        assert os.environ.get("CI") != "true", "swaks is missing: sh tests/conformance/install-debian.sh"
        pytest.skip("swaks is not installed: sudo sh tests/conformance/install-debian.sh")
    return SWAKS


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(port: int, secret: str, to: str | list[str], mail: str | bytes | EmailMessage, **options: Any) -> str:
    """Send a mail with smtplib. Returns the answer to DATA; raises what smtplib raises."""
    raw = mail.as_bytes(policy=email.policy.SMTP) if isinstance(mail, EmailMessage) else mail
    raw = re.sub(rb"\r?\n", b"\r\n", raw.encode() if isinstance(raw, str) else raw)
    recipients = [to] if isinstance(to, str) else to
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.command_encoding = "utf-8"
        client.ehlo("nas.example")
        if (tls := options.get("starttls")) is not None:
            client.starttls(context=tls)
            client.ehlo("nas.example")
        client.login(options.get("user", "nas"), secret)
        client.mail(options.get("sender", "nas@home.example"))
        for each in recipients:
            code, words = client.rcpt(each)
            if code != 250:
                raise smtplib.SMTPRecipientsRefused({each: (code, words)})
        code, words = client.data(raw)
        if code != 250:
            raise smtplib.SMTPDataError(code, words)
        return words.decode()


class Sink:
    """A mail server. ``refuse`` is its answer to DATA, while it is not empty."""

    def __init__(self, port: int = 0, login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.port = port or free_port()
        self.refuse = ""
        #: Only mails that contain this are refused.
        self.refuse_only = ""
        self.mails: list[Any] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self._login = login
        self._tls = tls
        self._lock = threading.Lock()
        self._controller: Controller | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep a mail."""
        if self.refuse and self.refuse_only.encode() in envelope.original_content:
            return self.refuse
        with self._lock:
            self.mails.append(BytesParser(policy=email.policy.default).parsebytes(envelope.original_content))
            self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        return "250 taken"

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._login, handled=False)

    def start(self) -> None:
        """Listen."""
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            auth_required=self._login is not None,
            auth_require_tls=self._tls is not None,
            authenticator=self._authenticate,
            tls_context=self._tls,
        )
        self._controller.start()

    def stop(self) -> None:
        """Be gone."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def texts(self) -> list[str]:
        """The bodies without what stands below the signature."""
        return [body_of(each) for each in list(self.mails)]


def body_of(mail: Any) -> str:
    """A body without its signature."""
    return str(mail.get_content()).replace("\r\n", "\n").partition("\n-- \n")[0].strip()


@contextlib.contextmanager
def sink(**options: Any) -> Iterator[Sink]:
    """A running mail server."""
    found = Sink(**options)
    found.start()
    try:
        yield found
    finally:
        found.stop()


def certificate(directory: Path) -> Path:
    """The file with the certificate and key of the tests, as only its owner reads it."""
    path = directory / "mail.pem"
    path.write_bytes((Path(__file__).parent / "tls" / "localhost.pem").read_bytes())
    path.chmod(0o600)
    return path
