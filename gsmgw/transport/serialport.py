"""A serial port or pseudo-terminal as a :class:`gsmgw.ports.ByteStream`, over pyserial-asyncio-fast.

pyserial's own ``read`` and ``write`` are replaced. Its ``write`` without a time-out loops forever when the other side
takes nothing (EAGAIN is swallowed and retried), which would stop the whole daemon for one hung modem. Its ``read``
uses select(), which does not support descriptors above 1023. Closing discards bytes that are not written yet, because
the kernel may otherwise wait 30 s for a dead modem to take them.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import termios
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import serial
from serial_asyncio_fast import SerialTransport

from gsmgw.errors import PortError, PortUnavailable
from gsmgw.ports import ByteReceiver, ByteStream
from gsmgw.resolving import Names
from gsmgw.transport.opening_errors import opening_error

#: The most time that a port may take to open or close, seconds: a failing USB stick may block the kernel.
OPEN_DEADLINE_S = 5.0
CLOSE_DEADLINE_S = 2.0

_CHECK_SERVER = "Check the address, the network, and that the modem server runs."

_VMIN, _VTIME = termios.VMIN, termios.VTIME


class _Posix(serial.Serial):
    """pyserial's port, with a method that its type information lacks."""

    if TYPE_CHECKING:

        def _reconfigure_port(self, force_update: bool = False) -> None: ...


class _Port(_Posix):
    """Raw, non-blocking, exclusive. DTR stays up when it is closed, because some modems reset when it drops."""

    fd: int | None

    def _reconfigure_port(self, force_update: bool = False) -> None:
        if self.is_open:
            return  # the transport sets the same time-outs again; to configure the tty of a hung modem may block
        if self.fd is not None:
            termios.tcgetattr(self.fd)  # raises what tells a file from a tty; pyserial hides it in a text
        super()._reconfigure_port(force_update)
        fd = self.fd
        assert fd is not None
        with contextlib.suppress(OSError):  # flock protects from cooperating programs, this from the others
            fcntl.ioctl(fd, termios.TIOCEXCL)
        settings = termios.tcgetattr(fd)
        settings[2] &= ~termios.HUPCL
        # With VMIN 0 an empty read and a hang-up look the same.
        settings[6][_VMIN], settings[6][_VTIME] = 1, 0
        termios.tcsetattr(fd, termios.TCSANOW, settings)

    def read(self, size: int = 1) -> bytes:
        if self.fd is None:
            raise serial.PortNotOpenError
        try:
            data = os.read(self.fd, size)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as exc:
            raise serial.SerialException(exc.errno, f"read failed: {exc.strerror}") from None
        if not data:
            raise serial.SerialException(errno.EIO, "the other side hung up")
        return data

    def write(self, data: Any) -> int:
        if self.fd is None:
            raise serial.PortNotOpenError
        try:
            return os.write(self.fd, data)
        except (BlockingIOError, InterruptedError):
            raise
        except OSError as exc:
            raise serial.SerialException(exc.errno, f"write failed: {exc.strerror}") from None

    def close(self) -> None:
        if self.fd is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcflush(self.fd, termios.TCOFLUSH)
        super().close()


class _Transport(SerialTransport):
    """Ends at once, and only once: does not wait for a modem to take the rest, and logs nothing by the event loop."""

    def _fatal_error(self, exc: BaseException, message: str = "") -> None:
        self._abort(exc)

    def _close(self, exc: Exception | None = None) -> None:
        self._abort(exc)

    def _abort(self, exc: BaseException | None) -> None:
        if not self._closing:
            super()._abort(exc)


class _Bridge(asyncio.Protocol):
    """Passes data and the end of the connection to the receiver; knows whether the gateway closed it."""

    def __init__(self, port: str, receiver: ByteReceiver) -> None:
        self._port = port
        self._receiver = receiver
        self.closing = False
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self._receiver.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        if self.closing:
            self._receiver.connection_lost(None)
        else:
            reason = getattr(exc, "strerror", None) or str(exc or "hung up")
            self._receiver.connection_lost(PortError(f"{self._port} was lost: {reason}"))


class StreamOver:
    """A :class:`gsmgw.ports.ByteStream` over an asyncio transport."""

    def __init__(self, transport: asyncio.WriteTransport, bridge: _Bridge) -> None:
        self._transport = transport
        self._bridge = bridge
        #: Send bytes; loss shows in connection_lost.
        self.write = transport.write

    async def close(self) -> None:
        """Close, and wait for the end at most until the deadline."""
        bridge = self._bridge
        if not bridge.lost.done():
            if not bridge.closing:
                bridge.closing = True
                self._transport.abort()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_DEADLINE_S):
                    await asyncio.shield(bridge.lost)


def _open_blocking(path: str, baudrate: int) -> _Port:
    """Open a tty. Raises :class:`PortError`."""
    try:
        return _Port(path, baudrate=baudrate, exclusive=True, timeout=0, write_timeout=0)
    except (OSError, termios.error) as exc:
        cause = exc if isinstance(exc, OSError) else OSError(*exc.args)
        raise opening_error(path, cause) from None


async def open_serial(path: str, receiver: ByteReceiver, baudrate: int = 115200) -> ByteStream:
    """Open a tty without blocking the event loop. Raises :class:`PortError`."""
    loop = asyncio.get_running_loop()
    opening = loop.run_in_executor(None, _open_blocking, path, baudrate)
    try:
        async with asyncio.timeout(OPEN_DEADLINE_S):
            port = await asyncio.shield(opening)
    except (TimeoutError, asyncio.CancelledError) as exc:
        opening.add_done_callback(_close_late)
        if isinstance(exc, TimeoutError):
            title = f"{path} did not open within {OPEN_DEADLINE_S:.0f} s"
            raise PortUnavailable(title, "Unplug the modem and plug it in again.") from None
        raise
    bridge = _Bridge(path, receiver)
    return StreamOver(cast(asyncio.WriteTransport, _Transport(loop, bridge, port)), bridge)


def _close_late(opening: asyncio.Future[_Port]) -> None:
    """Close a port that opened after the deadline."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


async def open_tcp(host: str, port: int, receiver: ByteReceiver) -> ByteStream:
    """Open a raw TCP connection to a modem server (ser2net). Raises :class:`PortError`."""
    name = f"socket://{host}:{port}"
    bridge = _Bridge(name, receiver)
    try:
        async with asyncio.timeout(OPEN_DEADLINE_S):
            *others, last = await _names().resolve(host, port)
            for address in others:
                with contextlib.suppress(OSError):
                    return StreamOver(await _connect(bridge, address, port), bridge)
            return StreamOver(await _connect(bridge, last, port), bridge)
    except TimeoutError:
        raise PortUnavailable(f"{name} did not answer within {OPEN_DEADLINE_S:.0f} s", _CHECK_SERVER) from None
    except OSError as exc:
        raise PortUnavailable(f"{name} cannot be reached: {exc.strerror or exc}", _CHECK_SERVER) from None
    except UnicodeError as exc:
        title = f"{name} cannot be reached: {host!r} is not a valid host name ({exc})"
        raise PortUnavailable(title, "Correct port in the [[modem]] section.") from None


async def _connect(bridge: _Bridge, address: str, port: int) -> asyncio.Transport:
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: bridge, address, port)
    return transport


#: Host names of modem servers, by event loop. A modem pauses between its attempts by itself.
_known_names: WeakKeyDictionary[asyncio.AbstractEventLoop, Names] = WeakKeyDictionary()


def _names() -> Names:
    return _known_names.setdefault(asyncio.get_running_loop(), Names(failed_s=1.0, slow_s=5.0))
