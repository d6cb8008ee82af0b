"""Checks of a configuration against the machine: files, programs, users, groups and the socket path.

Everything here can be known before the gateway starts. ``gsmgw config check`` shows it all; ``gsmgw run`` refuses what
is refused here, and starts with a warning where something is missing that may come later.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gsmgw.config.file import Config
from gsmgw.config.lines import Lines, Place
from gsmgw.digits import is_digits

#: Bytes of the longest path of a Unix socket: sun_path of unix(7), without the NUL at its end.
SOCKET_PATH_BYTES = 107

_Found = Iterator[tuple[Place, str]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Problems with their lines: those that keep the gateway from starting, and those that it starts with."""

    refused: list[str]
    missing: list[str]


def check_surroundings(config: Config, text: str) -> Surroundings:
    """Compare a configuration with this machine. ``text`` is that of its file, for the lines."""
    lines = Lines(text)
    return Surroundings(lines.sorted(list(_refused(config))), lines.sorted(list(_missing(config))))


def _refused(config: Config) -> _Found:
    gateway = config.gateway
    length = len(os.fsencode(gateway.socket))
    if length > SOCKET_PATH_BYTES:
        yield (
            ("gateway", "socket"),
            f"gateway.socket: the path has {length} bytes, at most {SOCKET_PATH_BYTES} are possible. Use a shorter "
            "one, for example /run/gsmgw/gsmgw.sock",
        )
    if gateway.socket.is_dir():
        yield ("gateway", "socket"), f"gateway.socket: {gateway.socket} is a directory. Name a file in it"
    if gateway.socket_group is not None and not _group_exists(gateway.socket_group):
        yield (
            ("gateway", "socket_group"),
            f"gateway.socket_group: the group {gateway.socket_group!r} does not exist. "
            f"Create it: sudo addgroup --system {gateway.socket_group}",
        )
    for place, path in ((("gateway", "state_dir"), gateway.state_dir), (("backup", "directory"), config.backups)):
        if path.exists() and not path.is_dir():
            yield place, f"{'.'.join(place)}: {path} is not a directory. Name a directory"
    ca_file = config.webhooks.ca_file
    if ca_file is not None and (trouble := _trouble(ca_file) or _not_certificates(ca_file)):
        yield ("webhooks", "ca_file"), f"webhooks.ca_file: {trouble}. Name a file with certificates in PEM"


def _missing(config: Config) -> _Found:
    for key, names in (("users", config.api.users), ("session_users", config.api.session_users)):
        for number, user in enumerate(names):
            if not _user_exists(user):
                yield (
                    ("api", key, number),
                    f"api.{key}: the user {user!r} does not exist. Correct the name, or: sudo adduser {user}",
                )
    yield from _certificates(config)
    for key, path in (("password_file", config.mqtt.password_file), ("ca_file", config.mqtt.ca_file)):
        if path is not None and (trouble := _trouble(path)):
            yield ("mqtt", key), f"mqtt.{key}: {trouble}. The bridge cannot connect to the broker without it"
    mail = config.mail
    for key, path, loss in (
        ("password_file", mail.password_file, "No mail is sent"),
        ("ca_file", mail.ca_file, "No mail is sent"),
        ("tls_cert", mail.tls_cert, "No mail is taken"),
        ("tls_key", mail.tls_key, "No mail is taken"),
    ):
        if path is not None and (trouble := _trouble(path)):
            yield ("mail", key), f"mail.{key}: {trouble}. {loss} without it"
    yield from _exposed(config)
    for number, modem in enumerate(config.modem):
        if modem.pin_file is not None:
            yield from ((("modem", number, "pin_file"), words) for words in _pin_file(modem.name, modem.pin_file))
        if modem.power_command:
            place = ("modem", number, "power_command")
            yield from ((place, f"modem.power_command: {words}") for words in _program(modem.power_command[0]))
    for number, hook in enumerate(config.hook):
        yield from ((("hook", number, "command"), f"hook.command: {words}") for words in _program(hook.command[0]))


def _exposed(config: Config) -> _Found:
    """Yield files with secrets that other users can read."""
    named: list[tuple[Place, Path | None]] = [
        (("api", "tls_key"), config.api.tls_key),
        (("mqtt", "password_file"), config.mqtt.password_file),
        (("fleet", "credentials"), config.fleet.credentials),
        (("smpp", "tls_key"), config.smpp.tls_key),
        (("mail", "password_file"), config.mail.password_file),
        (("mail", "tls_key"), config.mail.tls_key),
    ]
    named += [(("modem", number, "pin_file"), modem.pin_file) for number, modem in enumerate(config.modem)]
    for place, path in named:
        key = ".".join(part for part in place if isinstance(part, str))
        with suppress(OSError):
            if path is not None and path.stat().st_mode & 0o077:
                yield place, f"{key}: other users can read {path}. Run: sudo chown gsmgw {path}; sudo chmod 600 {path}"


def _certificates(config: Config) -> _Found:
    yield from _pair("api", config.api.tls_cert, config.api.tls_key, "The TCP listener")
    yield from _pair("smpp", config.smpp.tls_cert, config.smpp.tls_key, "The SMPP server")


def _pair(section: str, cert: Path | None, key: Path | None, listener: str) -> _Found:
    """Yield what is wrong with a certificate and its key."""
    if cert is None or key is None:
        return
    broken = False
    for name, path in (("tls_cert", cert), ("tls_key", key)):
        if trouble := _trouble(path):
            broken = True
            yield (section, name), f"{section}.{name}: {trouble}. {listener} waits for it"
    if broken or not (os.access(cert, os.R_OK) and os.access(key, os.R_OK)):
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key, password="")
    except (ssl.SSLError, OSError, ValueError):
        yield (
            (section, "tls_cert"),
            f"{section}.tls_cert: {cert} and {key} are not a certificate and its key in PEM without a "
            f"password. {listener} waits for them",
        )


def _pin_file(modem: str, path: Path) -> Iterator[str]:
    if trouble := _trouble(path):
        yield f"modem.pin_file: {trouble}. Write the PIN of modem {modem!r} into it: 4 to 8 digits"
        return
    try:
        pin = path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # the service may read it, this user may not
        return
    if not is_digits(pin) or not 4 <= len(pin) <= 8:
        yield f"modem.pin_file: {path} must contain 4 to 8 digits and nothing else"


def _program(program: str) -> Iterator[str]:
    """Yield why a program cannot be run. One without a path is looked for in PATH."""
    if "/" not in program:
        if shutil.which(program) is None:
            yield f"the program {program!r} is not in PATH. Install it, or name its whole path"
        return
    path = Path(program)
    if trouble := _trouble(path):
        yield f"{trouble}. Create it, or correct the path"
    elif not os.access(path, os.X_OK) and os.access(path.parent, os.X_OK):
        yield f"{path} is not executable. Run: sudo chmod +x {path}"


def _trouble(path: Path) -> str | None:
    """Return why a path is not a file, as far as this user can see; None if it is one."""
    try:
        found = path.stat()
    except PermissionError:
        return None
    except OSError as exc:
        return f"{path} does not exist" if isinstance(exc, FileNotFoundError) else f"{path}: {exc.strerror}"
    if found.st_size == 0 or not path.is_file():
        return f"{path} is empty" if path.is_file() else f"{path} is not a file"
    return None


def _not_certificates(path: Path) -> str | None:
    try:
        ssl.create_default_context().load_verify_locations(path)
    except ssl.SSLError:
        return f"{path} contains no certificate"
    except OSError as exc:
        return f"{path}: {exc.strerror}"
    return None


def _group_exists(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
