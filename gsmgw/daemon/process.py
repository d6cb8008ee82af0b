"""The process: one per state directory, its sockets, its signals, what it tells systemd."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
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
from gsmgw.errors import Unavailable
from gsmgw.http.server import bind_unix, close_all
from gsmgw.owners import hold, make_private

log = logging.getLogger(__name__)

#: Descriptors that the process may have open, where the system lets it.
DESCRIPTORS = 65_536
#: An upgrade, or the check after a crash, reads the whole database: minutes on an SD card with millions of rows.
_OPENING_LIMIT_S = 1800

_IGNORED = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


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


async def _serve(config: Config, config_file: Path | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    for number in _IGNORED:
        loop.add_signal_handler(number, _ignore, number)
    gateway = Gateway(config, config_file)
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
            await gateway.run(sockets, stop, partial(_announce, config, tcp), tcp.sockets, tcp.certificates, later)
        finally:
            sdnotify.notify("STOPPING=1")
            close_all([*sockets, *tcp.sockets], own)
    log.info("stopped")


def _ignore(number: signal.Signals) -> None:
    """None of these may end a gateway: a terminal that is closed, log rotation, a reload out of habit."""
    log.info(
        "signal ignored signal=%s: settings need a restart, certificates are reloaded when they change", number.name
    )


def _allow_descriptors() -> None:
    """Many connections, modems and files at once: as many as the system lets, up to a bound."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _announce(config: Config, tcp: TcpListener) -> None:
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
    for number in _IGNORED:  # until the event loop has them
        signal.signal(number, signal.SIG_IGN)
    _allow_descriptors()
    memory.tune()
    with _single(config.gateway.state_dir):
        asyncio.run(_serve(config, config_file))
