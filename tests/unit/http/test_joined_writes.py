"""Head and body of a response in one write, and nothing that waits is lost."""

from __future__ import annotations

import asyncio

from gsmgw.http.joined_writes import JoiningTransport

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Wire(asyncio.Transport):
    """Keeps what is written, and in which order it ends."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[bytes | str] = []

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.done.append(bytes(data))

    def write_eof(self) -> None:
        self.done.append("eof")

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def get_write_buffer_size(self) -> int:
        return 0


async def test_head_and_body_are_one_write() -> None:
    wire = Wire()
    joining = JoiningTransport(wire)
    joining.write(HEAD)
    assert (wire.done, joining.get_write_buffer_size()) == ([], len(HEAD))
    joining.write(b"ok")
    joining.write(b"")  # the end of a message with a length
    assert wire.done == [HEAD + b"ok"]
    await asyncio.sleep(0)
    assert wire.done == [HEAD + b"ok"]


async def test_a_head_alone_waits_for_one_turn_only() -> None:
    wire = Wire()
    joining = JoiningTransport(wire)
    joining.write(HEAD)
    await asyncio.sleep(0)
    assert wire.done == [HEAD]
    joining.write(b"later")
    assert wire.done == [HEAD, b"later"]


async def test_a_large_body_is_not_copied() -> None:
    wire = Wire()
    joining = JoiningTransport(wire)
    joining.write(HEAD)
    joining.write(b"x" * 100_000)
    assert [len(each) for each in wire.done] == [len(HEAD), 100_000]


async def test_what_waits_is_written_before_the_end() -> None:
    for end in ("close", "write_eof"):
        wire = Wire()
        joining = JoiningTransport(wire)
        joining.write(HEAD)
        getattr(joining, end)()
        assert wire.done == [HEAD, "eof" if end == "write_eof" else "close"]
    wire = Wire()
    joining = JoiningTransport(wire)
    joining.write(HEAD)
    joining.abort()
    await asyncio.sleep(0)
    assert wire.done == ["abort"]
