"""Hashes of passwords at their real cost; the tests of whole gateways use a cheap one."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64decode, b64encode

import pytest

from gsmgw.api.access.passwords import MOST_WAITING, Passwords
from gsmgw.http.problems import Problem


async def test_a_hash_names_the_cost_that_owasp_recommends() -> None:
    """https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html: N = 2^14, r = 8, p = 5."""
    made = await Passwords().hash("correct horse")
    kind, n, r, p, salt, key = made.split("$")
    assert (kind, n, r, p) == ("scrypt", "16384", "8", "5")
    given = b64decode(salt)
    assert len(given) == 16
    assert b64decode(key) == hashlib.scrypt(b"correct horse", salt=given, n=2**14, r=8, p=5, dklen=32, maxmem=2**26)


async def test_only_the_password_matches_in_any_form_of_its_characters() -> None:
    """RFC 8265 4.2: the same characters written another way (NFKC) are the same password."""
    passwords = Passwords()
    made = await passwords.hash("Gr\u00fc\u00dfe")
    assert await passwords.matches("Gru\u0308\u00dfe", made)
    assert not await passwords.matches("Grusse", made)
    assert not await passwords.matches("Gr\u00fc\u00dfe", None)


async def test_a_hash_of_another_cost_is_still_checked() -> None:
    """The second vector of RFC 7914 12 for scrypt with a salt, its first 32 bytes (RFC 8018 5.2: a prefix)."""
    key = bytes.fromhex("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
    stored = f"scrypt$1024$8$16${b64encode(b'NaCl').decode()}${b64encode(key).decode()}"
    assert await Passwords().matches("password", stored)
    assert not await Passwords().matches("Password", stored)


async def test_a_crowd_that_signs_in_is_told_to_come_back() -> None:
    passwords, cheap = Passwords(), "scrypt$16$8$1$TmFDbA==$AAAA"
    crowd = [asyncio.ensure_future(passwords.matches("x", cheap)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)  # each has begun
    with pytest.raises(Problem) as refused:
        await passwords.matches("x", cheap)
    assert refused.value.headers == {"Retry-After": "5"}
    assert set(await asyncio.gather(*crowd)) == {False}
