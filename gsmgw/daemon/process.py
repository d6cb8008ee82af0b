"""The process: one per state directory, its sockets, its signals, what it tells systemd."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from gsmgw import __version__, logs, sdnotify
from gsmgw.checking import load_checked
from gsmgw.config import Config
from gsmgw.daemon import memory
from gsmgw.daemon.gateway import Gateway
from gsmgw.daemon.settings import log_settings
from gsmgw.daemon.tcp_listener import TcpListener
from gsmgw.errors import ConfigError, Unavailable
from gsmgw.http.server import bind_unix, close_all
from gsmgw.owners import hold, make_private

log = logging.getLogger(__name__)

#: Descriptors that the process may have open, where the system lets it.
DESCRIPTORS = 65_536
#: An upgrade, or the check after a crash, reads the whole database: minutes on an SD card with millions of rows.
_OPENING_LIMIT_S = 1800

_IGNORED = (signal.SIGUSR1, signal.SIGUSR2)


@contextlib.contextmanager
def _single(state_dir: Path) -> Iterator[None]:
    """Hold the state directory: two gateways on one database would both send its queue."""
    with contextlib.ExitStack() as held:
        try:
            state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            held.enter_context(hold(state_dir))
            if changed := make_private(state_dir):
                log.info("state directory: permissions of group and others removed from %s", ", ".join(changed))
        except BlockingIOError:
            raise Unavailable("[gateway] state_dir", [f"another gsmgw uses {state_dir}"]) from None
        except OSError as exc:
            raise Unavailable("[gateway] state_dir", [f"{state_dir}: {exc.strerror}"]) from None
        yield


async def _serve(config: Config, config_file: Path, log_level: str | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    for number in _IGNORED:
        loop.add_signal_handler(number, _ignore, number)
    gateway = Gateway(config, config_file, log_level)
    sdnotify.notify(f"EXTEND_TIMEOUT_USEC={_OPENING_LIMIT_S * 1_000_000}", "STATUS=opening the database")
    async with gateway.open():
        tcp = TcpListener(config.api, gateway.clock)
        sockets, own = sdnotify.listen_sockets(), None
        if str(config.gateway.socket) not in (passed.getsockname() for passed in sockets):
            own = config.gateway.socket
            sockets.append(bind_unix(own, int(config.gateway.socket_mode, 8), config.gateway.socket_group))
        try:
            tcp.open()
            later = tcp.wait if tcp.trouble is not None else None
            ready = partial(_announce, config, tcp, gateway)
            await gateway.run(sockets, stop, ready, tcp.sockets, tcp.certificates, later)
        finally:
            sdnotify.notify("STOPPING=1")
            close_all([*sockets, *tcp.sockets], own)
    log.info("stopped")


def _ignore(number: signal.Signals) -> None:
    """None of these may end a gateway."""
    log.info("gsmgw: signal ignored signal=%s", number.name)


async def _reload(gateway: Gateway) -> None:
    """Reload the configuration for SIGHUP, and tell systemd when it begins and ends (Type=notify-reload)."""
    sdnotify.notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
    try:
        await gateway.reload()
    except ConfigError as exc:
        for problem in exc.problems:
            log.error("configuration: not reloaded, the previous one stays in use: %s: %s", exc.source, problem)
    except Exception:
        log.exception("configuration: reload failed")
    sdnotify.notify("READY=1")


class _Reloads:
    """Reloads on request, one after the other."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self) -> None:
        """Begin a reload."""
        task = asyncio.get_running_loop().create_task(_reload(self._gateway), name="reload")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _allow_descriptors() -> None:
    """Many connections, modems and files at once: as many as the system lets, up to a bound."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _announce(config: Config, tcp: TcpListener, gateway: Gateway) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _Reloads(gateway))
    memory.settle()  # the application is complete by now, and stays
    missing = f"; {tcp.trouble}" if tcp.trouble is not None else ""
    sdnotify.notify("READY=1", f"STATUS=serving {config.gateway.socket}{missing}")
    log.info("gsmgw: version %s serves %s", __version__, config.gateway.socket)


def run(config_file: Path, log_level: str | None = None) -> None:
    """Run the gateway in the foreground until SIGTERM or SIGINT. Raises what keeps it from starting.

    ``log_level`` goes before that of the configuration.
    """
    checked = load_checked(config_file)
    config = checked.config
    logs.configure(log_settings(config, log_level))
    for problem in checked.missing:
        log.warning("configuration: %s", problem)
    os.umask(0o077)  # texts and numbers; the socket gets its mode by itself
    for number in (signal.SIGHUP, *_IGNORED):  # until the event loop has them
        signal.signal(number, signal.SIG_IGN)
    _allow_descriptors()
    memory.tune()
    with _single(config.gateway.state_dir):
        asyncio.run(_serve(config, config_file, log_level))
