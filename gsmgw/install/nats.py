"""The files of a fleet's NATS server: its configuration, its users, and a file of credentials for each gateway.

`nats-server.conf` is written once and is the administrator's from then on. `users.conf`, which it includes, is written
again with each node; it has a user for the hub and one for each node, and each may use its own subjects only.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gsmgw.bridges.fleet import subjects
from gsmgw.errors import GsmgwError

DIRECTORY = Path("/etc/gsmgw-nats")
STORE = Path("/var/lib/gsmgw-nats")
#: The user of gsmgw-nats.service, and that of gsmgw.service.
SERVER_USER, GATEWAY_USER = "gsmgw-nats", "gsmgw"
#: 256 bits.
PASSWORD_BYTES = 32
SERVER_FILE, USERS_FILE, LIST_FILE = "nats-server.conf", "users.conf", "nodes.json"
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
_NODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class FleetFilesError(GsmgwError):
    """The files cannot be written. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the server listens."""

    host: str
    port: int
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @classmethod
    def parse(cls, listen: str, tls_cert: Path | None = None, tls_key: Path | None = None) -> Listener:
        """Read ``HOST:PORT``. Raises :class:`FleetFilesError`."""
        found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", listen)
        if found is None or not 0 < int(found[2]) < 65536:
            raise FleetFilesError(f"{listen!r} is not a valid address: write HOST:PORT, for example 0.0.0.0:4222")
        if (tls_cert is None) != (tls_key is None):
            raise FleetFilesError("TLS needs both --tls-cert and --tls-key")
        return cls(found[1], int(found[2]), tls_cert, tls_key)

    @property
    def is_private(self) -> bool:
        """True if only this machine reaches it."""
        return self.host in ("localhost", "[::1]") or self.host.startswith("127.")

    @property
    def url(self) -> str:
        """The address for a gateway on the same machine; with TLS the certificate names the host."""
        scheme = "nats" if self.tls_cert is None else "tls"
        host = "127.0.0.1" if self.host in ("0.0.0.0", "[::]") and self.tls_cert is None else self.host
        return f"{scheme}://{host}:{self.port}"


class FleetFiles:
    """The files in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def server_file(self) -> Path:
        """The configuration of the server."""
        return self.directory / SERVER_FILE

    def credentials_of(self, name: str) -> Path:
        """Return the file of credentials of a node, or of the hub."""
        return self.directory / f"{name}.json"

    @property
    def nodes(self) -> list[str]:
        """The nodes that have a user. Raises :class:`FleetFilesError`."""
        return sorted(set(self._load()) - {subjects.HUB})

    def create(self, listener: Listener, store: Path) -> None:
        """Write the files of a fleet without nodes. Nothing is overwritten. Raises :class:`FleetFilesError`."""
        if not self.directory.exists():
            self.directory.mkdir(parents=True)
            self.directory.chmod(0o755)  # the services reach their own files in it, whatever the umask is
        for path in (self.directory / LIST_FILE, self.server_file, self.credentials_of(subjects.HUB)):
            if path.exists() or path.is_symlink():
                raise FleetFilesError(f"{path} exists already, and is not overwritten. Name another directory")
        with self._held():
            users = {subjects.HUB: _password()}
            _write_new(self.server_file, _server_text(listener, store), SERVER_USER, by_group=True)
            self._write_credentials(subjects.HUB, users[subjects.HUB], GATEWAY_USER)
            self._save(users)

    def add(self, node: str) -> Path:
        """Make a user for a node. Return the file to copy to it. Raises :class:`FleetFilesError`."""
        if _NODE.fullmatch(node) is None or node == subjects.HUB:
            raise FleetFilesError(
                f"{node!r} is not a valid name for a node: use a-z, 0-9, - and _, for example ulm; "
                f"{subjects.HUB!r} is the hub's"
            )
        with self._held():
            users = self._load()
            if node in users:
                raise FleetFilesError(
                    f"the node {node!r} exists already. To give it a new password: gsmgw fleet remove {node}, "
                    f"then gsmgw fleet add {node}"
                )
            users[node] = _password()
            self._write_credentials(node, users[node], None)
            self._save(users)
        return self.credentials_of(node)

    def remove(self, node: str) -> None:
        """Take the user of a node away. Raises :class:`FleetFilesError`."""
        with self._held():
            users = self._load()
            if node == subjects.HUB or users.pop(node, None) is None:
                names = ", ".join(sorted(set(users) - {subjects.HUB})) or "none"
                raise FleetFilesError(f"the node {node!r} does not exist (known: {names})")
            self._save(users)
            self.credentials_of(node).unlink(missing_ok=True)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Let no other command change the files meanwhile."""
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _load(self) -> dict[str, str]:
        """Return the passwords by user."""
        path = self.directory / LIST_FILE
        try:
            found = json.loads(path.read_text("utf-8"))
            return {str(name): str(password) for name, password in found["users"].items()}
        except FileNotFoundError:
            raise FleetFilesError(
                f"{path} does not exist. Make it first: gsmgw fleet init {self.directory} --listen HOST:PORT"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise FleetFilesError(f"{path} is not a list of nodes that gsmgw fleet has written") from None

    def _save(self, users: Mapping[str, str]) -> None:
        # The list comes first: the other file can be made of it again.
        _replace(self.directory / LIST_FILE, json.dumps({"v": 1, "users": dict(users)}, indent=2) + "\n", None)
        _replace(self.directory / USERS_FILE, users_text(users), SERVER_USER, by_group=True)

    def _write_credentials(self, name: str, password: str, owner: str | None) -> None:
        content = json.dumps({"user": name, "password": password}) + "\n"
        _replace(self.credentials_of(name), content, owner)


def _password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def hub_permissions() -> dict[str, list[str]]:
    """Return the subjects that the hub may publish and subscribe to."""
    buckets = (subjects.NODES, subjects.CLAIMS, subjects.CONSENT, subjects.ERASED)
    return {
        "publish": [
            subjects.jobs_of("*"),
            subjects.orders_for("*"),
            *(f"$KV.{bucket}.>" for bucket in buckets),
            "$JS.API.>",
        ],
        "subscribe": [f"{subjects.inbox_of(subjects.HUB)}.>"],
    }


def users_text(users: Mapping[str, str]) -> str:
    """Return `users.conf`: passwords by user, of the hub and of nodes."""
    entries = "".join(_user_text(name, password) for name, password in sorted(users.items()))
    return (
        "# The users of the NATS server, written by `gsmgw fleet`. Changes to this file are lost.\n"
        f"authorization {{\n  users = [\n{entries}  ]\n}}\n"
    )


def _user_text(name: str, password: str) -> str:
    is_hub = name == subjects.HUB
    allowed = hub_permissions() if is_hub else subjects.node_permissions(name)
    # A node may answer the hub's requests, once each; else it publishes to nobody's inbox.
    answers = "" if is_hub else '        allow_responses: { max: 1, expires: "1m" }\n'
    return (
        f"    {{\n      user: {_quoted(name)}\n      password: {_quoted(password)}\n      permissions: {{\n"
        f"        publish: {{ allow: {_list(allowed['publish'])} }}\n"
        f"        subscribe: {{ allow: {_list(allowed['subscribe'])} }}\n"
        f"{answers}      }}\n    }}\n"
    )


def _list(values: Sequence[str]) -> str:
    return "[\n" + "".join(f"          {_quoted(value)}\n" for value in values) + "        ]"


def _quoted(value: str | Path) -> str:
    return json.dumps(str(value), ensure_ascii=False)


def _server_text(listener: Listener, store: Path) -> str:
    tls = ""
    if listener.tls_cert is not None and listener.tls_key is not None:
        cert, key = listener.tls_cert.absolute(), listener.tls_key.absolute()
        tls = f"tls {{\n  cert_file: {_quoted(cert)}\n  key_file: {_quoted(key)}\n}}\n"
    return f"""# The NATS server of a fleet of gsmgw, made by `gsmgw fleet init`. It is yours: it is written only once.
# After a change: sudo systemctl reload gsmgw-nats (a change of listen or jetstream: restart).

listen: {_quoted(f"{listener.host}:{listener.port}")}
{tls}
jetstream {{
  store_dir: {_quoted(store.absolute())}
  # Each message is on the disk before it is acknowledged. Without this line a power cut loses messages.
  sync_interval: always
}}

# A gateway whose line is down is noticed soon.
ping_interval: "20s"
ping_max: 2

# Written by `gsmgw fleet add` and `gsmgw fleet remove`.
include "{USERS_FILE}"
"""


def _write_new(path: Path, content: str, owner: str | None, *, by_group: bool = False) -> None:
    """Write a file that does not exist yet. ``by_group``: its owner may only read it, as a group."""
    with open(os.open(path, _NEW, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
        _give(file.fileno(), owner, by_group=by_group)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, content: str, owner: str | None, *, by_group: bool = False) -> None:
    """Write a file, or replace it as a whole."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    _write_new(fresh, content, owner, by_group=by_group)
    fresh.replace(path)


def _give(descriptor: int, owner: str | None, *, by_group: bool) -> None:
    """Give a file to a user of a service, where root writes it and there is such a user."""
    if owner is None or os.geteuid() != 0:
        return
    try:
        user = pwd.getpwnam(owner)
    except KeyError:
        return
    if by_group:
        os.fchown(descriptor, 0, user.pw_gid)
        os.fchmod(descriptor, 0o640)
    else:
        os.fchown(descriptor, user.pw_uid, user.pw_gid)
