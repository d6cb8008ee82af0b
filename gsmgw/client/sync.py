"""The blocking transport."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Concatenate, ParamSpec, Self, TypeVar

import httpx

from gsmgw.client.calls import Call
from gsmgw.client.errors import LOST, NoDaemon, checked
from gsmgw.client.framing import Lines
from gsmgw.client.methods import BlockingMethods
from gsmgw.client.options import DEFAULT_SOCKET, STREAM_TIMEOUT, no_tls, options, where
from gsmgw.client.procedures import Attempts, Following, Reading, Walk, arguments

if TYPE_CHECKING:  # importing these takes most of the time of a command
    from gsmgw.wire import resources

P = ParamSpec("P")
T = TypeVar("T")


def _lines(answer: httpx.Response) -> Iterator[str]:
    lines = Lines()
    for octets in answer.iter_bytes():
        yield from lines.feed(octets)
    yield from lines.end()


def _does(describe: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.do(describe(*args, **kwargs))

    return method


def _lists(describe: Callable[P, Walk[T]]) -> Callable[Concatenate[Client, P], Iterator[T]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        walk = describe(*args, **kwargs)
        while (call := walk.next()) is not None:
            yield from walk.take(self.do(call))

    return method


def _reads(describe: Callable[P, Reading]) -> Callable[Concatenate[Client, P], Iterator[str]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[str]:
        reading = describe(*args, **kwargs)
        try:
            with self._stream(reading.call, reading.timeout) as answer:
                if reading.on_open is not None:
                    reading.on_open()
                yield from _lines(answer) if reading.by_line else answer.iter_text()
        except LOST as exc:
            raise NoDaemon(self.where, str(exc)) from exc

    return method


def _follows(describe: Callable[P, Following]) -> Callable[Concatenate[Client, P], Iterator[resources.Event]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[resources.Event]:
        following = describe(*args, **kwargs)
        while True:
            cause: Exception | None = None
            try:
                with self._stream(following.connect(), STREAM_TIMEOUT) as answer:
                    for line in _lines(answer):
                        event = following.line(line)
                        if event is not None:
                            yield event
            except LOST as exc:
                cause = exc
            pause_s = following.broken(cause, self.where)
            if pause_s is None:
                return
            time.sleep(pause_s)

    return method


class Client(BlockingMethods):
    """The blocking client. Give ``socket``, a path, or ``url``, ``token`` and ``ca_file`` for the TCP listener."""

    _makers: ClassVar = {"does": _does, "lists": _lists, "reads": _reads, "follows": _follows}

    def __init__(
        self,
        socket: str | Path | None = DEFAULT_SOCKET,
        *,
        url: str | None = None,
        token: str | None = None,
        ca_file: str | Path | None = None,
    ) -> None:
        self.where = where(socket, url)
        transport = None if url else httpx.HTTPTransport(uds=str(socket), verify=no_tls())
        self._http = httpx.Client(transport=transport, **options(url, token, ca_file))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def do(self, call: Call[T]) -> T:
        """Make a call."""
        attempts = Attempts(call, self.where)
        while True:
            try:
                answer = self._http.request(**arguments(call))
                return call.pick(checked(answer, self.where))
            except httpx.TransportError as exc:
                time.sleep(attempts.pause_s(exc))

    @contextmanager
    def _stream(self, call: Call[str], timeout: httpx.Timeout) -> Iterator[httpx.Response]:
        with self._http.stream(call.method, call.path, params=call.params, timeout=timeout) as answer:
            if not answer.is_success:
                answer.read()
                checked(answer, self.where)
            yield answer
