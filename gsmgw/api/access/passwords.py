"""Hashes of passwords: scrypt (RFC 7914) with its parameters, off the event loop, few at a time."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import unicodedata
from base64 import b64decode, b64encode
from typing import Final

from gsmgw.http.problems import Problem
from gsmgw.wire.problems import ProblemCode

#: Cost, block size and parallelisation of new hashes: 16 MB and a fraction of a second (OWASP's recommendation for
#: small machines).
N, R, P = 1 << 14, 8, 5
#: Hashes that are derived at the same time, and that may wait for that.
AT_A_TIME: Final = 2
MOST_WAITING: Final = 32
_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32
#: scrypt needs 128 * N * r bytes (RFC 7914 2), and OpenSSL some more.
_SPARE_BYTES: Final = 1 << 20


class Passwords:
    """Makes and checks hashes: ``scrypt$N$r$p$salt$key``."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_A_TIME)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return a new hash."""
        salt = secrets.token_bytes(_SALT_BYTES)
        key = await self._derive(password, N, R, P, salt)
        return f"scrypt${N}${R}${P}${b64encode(salt).decode()}${b64encode(key).decode()}"

    async def matches(self, password: str, stored: str | None) -> bool:
        """Return True if a password matches a stored hash. Takes the same time without a hash."""
        kind, n, r, p, salt, key = (stored or f"scrypt${N}${R}${P}$AAAA$").split("$")
        if kind != "scrypt":
            raise ValueError(f"{kind!r} is not a known hash of passwords")
        derived = await self._derive(password, int(n), int(r), int(p), b64decode(salt))
        return hmac.compare_digest(derived, b64decode(key)) and stored is not None

    async def _derive(self, password: str, n: int, r: int, p: int, salt: bytes) -> bytes:
        """Derive a key in a thread. Raises :class:`Problem` if too many wait for theirs."""
        if self._waiting >= MOST_WAITING:
            raise Problem(
                ProblemCode.BUSY, "too many people sign in at this moment; try again", headers={"Retry-After": "5"}
            )
        octets = unicodedata.normalize("NFKC", password).encode()
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(
                    hashlib.scrypt, octets, salt=salt, n=n, r=r, p=p, maxmem=128 * n * r + _SPARE_BYTES + 128 * r * p,
                    dklen=_KEY_BYTES,
                )  # fmt: skip
        finally:
            self._waiting -= 1
