"""Webhooks against a receiver on a real socket that is down, slow, flapping, wrong; nothing is lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError
from support.events import any_event
from support.receiver import Answer, Request, receiving
from support.waiting import until
from support.webhooks import SECRET, House, working

from gsmgw.dispatch import webhooks as module
from gsmgw.dispatch.backoff import PAUSES_S, TRIES
from gsmgw.dispatch.webhooks import CALLBACK_MARGIN_MS
from gsmgw.store import messages, webhooks
from gsmgw.store.webhooks import Secret, Webhook

OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def own_signature(request: Request, secret: str) -> str:
    """The signature computed from the specification, without the library."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.{request.body}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, signed.encode(), hashlib.sha256)).decode()


async def types_of(house: House) -> list[str]:
    return [event.type for event in await house.store.read(lambda db: messages.events_after(db, 0, 1000))]


async def exhaust(house: House, hook: Webhook) -> list[float]:
    """Let every try fail; the pauses between them."""
    pauses = []
    for attempt in range(1, TRIES):
        pauses.append(await house.wait_for(await house.tried(hook, attempt)))
    await house.tried(hook, TRIES)
    return pauses


async def test_events_come_in_order_and_signed(tmp_path: Path) -> None:
    async with receiving() as receiver, working(tmp_path) as house:
        hook = await house.add(receiver.url)
        for number in range(150):  # more than are planned at once
            await house.note("test.happened", number=number, text="Grüße € 🚀")
        requests = await receiver.came(150)
        await house.delivered(hook, 150)
    assert receiver.events == list(range(1, 151))
    assert [request.json["data"]["detail"]["number"] for request in requests] == list(range(150))
    for request in requests:
        assert request.headers["content-type"] == "application/json"
        assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert Verifier(SECRET).verify(request.body, request.headers)["type"] == "test.happened"
        assert request.headers["webhook-signature"] == own_signature(request, SECRET)
        with pytest.raises(WebhookVerificationError):
            Verifier(SECRET).verify(request.body.replace("test", "tests"), request.headers)


async def test_while_secrets_are_exchanged_both_sign(tmp_path: Path) -> None:
    async with receiving() as receiver, working(tmp_path) as house:
        hook = await house.add(receiver.url)
        now_ms = house.clock.wall_ms()
        await house.webhooks.alter(hook.id, lambda old: webhooks.rotated(old, OTHER, now_ms, 60_000, 5))
        await house.note("a.b")
        await house.delivered(hook, 1)
        both = receiver.requests[0]
        assert both.headers["webhook-signature"].split() == [own_signature(both, OTHER), own_signature(both, SECRET)]
        for secret in (SECRET, OTHER):
            Verifier(secret).verify(both.body, both.headers)
        await house.clock.advance(61)
        await house.note("a.b")
        await receiver.came(2)
        assert receiver.requests[1].headers["webhook-signature"] == own_signature(receiver.requests[1], OTHER)


async def test_filters(tmp_path: Path) -> None:
    async with receiving() as receiver, working(tmp_path) as house:
        hook = await house.add(receiver.url, events=("message.*", "call.missed"), modems=("a", "b"))
        await house.note("message.sent", "modem.state_changed", "call.missed", "call.other", modem="a")
        await house.note("message.sent", modem="c")
        await house.note("message.sent")
        await house.note("message.failed", modem="b")
        await house.delivered(hook, 3)
        assert receiver.events == [1, 3, 7]


async def test_errors_are_tried_again_over_two_days_then_the_target_is_paused(tmp_path: Path) -> None:
    async with receiving(500) as receiver, working(tmp_path) as house:
        hook = await house.add(receiver.url)
        first = await house.note("a.first")
        await house.note("a.second")
        pauses = await exhaust(house, hook)
        assert len(receiver.requests) == TRIES >= 10
        assert set(receiver.events) == {first}
        assert {request.headers["webhook-id"] for request in receiver.requests} == {f"evt_{first}"}
        assert all(base <= pause <= base * 1.2 for pause, base in zip(pauses, PAUSES_S, strict=True))
        assert all(earlier < later for earlier, later in pairwise(pauses))
        assert pauses != [round(pause) for pause in pauses]  # jitter
        assert sum(pauses) >= 48 * 3600

        async def is_paused() -> bool:
            return (await house.state(hook)).state == "paused"

        await until(is_paused)
        alarm = (await house.store.read(lambda db: messages.events_after(db, 2, 10)))[0]
        assert (alarm.type, alarm.data["cause"], alarm.data["webhook"]) == ("webhook.paused", "tries_used_up", hook.id)
        await house.clock.advance(3 * 86400)
        assert len(receiver.requests) == TRIES  # it rests

        receiver.answer = 200  # nothing that happened meanwhile is lost
        await house.store.write(lambda tx: webhooks.resume(tx, house.clock.wall_ms(), hook, skip=False))
        await house.webhooks.refresh(hook.id)
        await house.delivered(hook, 4)
        assert receiver.events[TRIES:] == [1, 2, 3, 4]


async def test_one_that_is_never_taken_can_be_skipped(tmp_path: Path) -> None:
    async with receiving() as receiver, working(tmp_path) as house:
        receiver.refuse = lambda request: request.event == 1
        hook = await house.add(receiver.url, events=("a.*",))
        await house.note("a.first", "a.second")
        for attempt in range(1, TRIES):
            await house.wait_for(await house.tried(hook, attempt, 0))
        await house.tried(hook, TRIES, 0)

        async def is_paused() -> bool:
            return (await house.state(hook)).state == "paused"

        await until(is_paused)
        await house.store.write(lambda tx: webhooks.resume(tx, house.clock.wall_ms(), hook, skip=True))
        await house.webhooks.refresh(hook.id)
        await house.delivered(hook, 1)
        assert [delivery.state for delivery in await house.log(hook)] == ["failed", "delivered"]
        assert receiver.events[-1] == 2


async def test_a_receiver_that_is_down_gets_it_when_it_is_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    async with working(tmp_path) as house:
        hook = await house.add(f"http://127.0.0.1:{port}/hook")
        await house.note("a.b", "a.c")
        down = await house.tried(hook, 1, 0)
        assert "ConnectError" in down.tries[0]["error"]
        async with receiving(port=port) as receiver:
            await house.wait_for(down)
            await house.delivered(hook, 2)
            assert receiver.events == [1, 2]


async def test_a_receiver_that_does_not_answer_is_left_and_tried_again(tmp_path: Path) -> None:
    async with receiving(script=["hang"]) as receiver, working(tmp_path, timeout_s=0.2) as house:
        hook = await house.add(receiver.url)
        await house.note("a.b")
        slow = await house.tried(hook, 1)
        assert slow.tries[0]["error"].startswith("timed out")
        await house.wait_for(slow)
        await house.delivered(hook, 1)
        assert receiver.events == [1, 1]


async def test_a_receiver_that_says_200_and_no_more_has_taken_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gsmgw.dispatch.http_delivery.BODY_S", 0.1)
    async with receiving(script=["stall", "stall"]) as receiver, working(tmp_path) as house:
        hook = await house.add(receiver.url)
        await house.note("a.b", "a.c", "a.d")
        await house.delivered(hook, 3)
        assert receiver.events == [1, 2, 3]


async def test_a_flapping_receiver_gets_each_in_order(tmp_path: Path) -> None:
    script: list[Answer] = [500, 204, "cut", 503, 200, 204, "cut", 404, 202]
    async with receiving(script=script) as receiver, working(tmp_path) as house:
        hook = await house.add(receiver.url)
        await house.note(*["a.b"] * 6)

        async def all_taken() -> bool:
            await house.clock.advance(60)
            log = await house.log(hook)
            return len(log) == 6 and log[-1].state == "delivered"

        await until(all_taken)
        assert receiver.events == [1, 1, 2, 2, 2, 3, 4, 4, 4, 5, 6]
        taken = [d.event_id for d in sorted(await house.log(hook), key=lambda d: d.ended_ms or 0)]
        assert taken == [1, 2, 3, 4, 5, 6]


async def test_410_ends_it(tmp_path: Path) -> None:
    async with receiving(410) as receiver, working(tmp_path) as house:
        hook = await house.add(receiver.url)
        await house.note("a.b", "a.c")

        async def is_disabled() -> bool:
            return (await house.state(hook)).state == "disabled"

        await until(is_disabled)
        await house.clock.advance(86400)
        assert receiver.events == [1]
        assert await types_of(house) == ["a.b", "a.c", "webhook.disabled"]


async def test_a_redirect_is_a_failure_and_not_followed(tmp_path: Path) -> None:
    async with receiving() as elsewhere, receiving() as receiver, working(tmp_path) as house:
        receiver.script = [(status, {"Location": elsewhere.url}) for status in (301, 302, 307, 308)]
        hook = await house.add(receiver.url)
        await house.note("a.b")
        for attempt in range(1, 5):
            await house.wait_for(await house.tried(hook, attempt))
        await house.delivered(hook, 1)
        assert elsewhere.requests == []
        assert len(receiver.requests) == 5
        assert "redirect" in (await house.log(hook))[0].tries[0]["error"]


async def test_retry_after_is_honoured_but_never_shortens(tmp_path: Path) -> None:
    async with receiving() as receiver, working(tmp_path) as house:
        moment = datetime.fromtimestamp(house.clock.wall_ms() / 1000, UTC) + timedelta(hours=1)
        receiver.script = [
            (429, {"Retry-After": format_datetime(moment, usegmt=True)}),
            (503, {"Retry-After": "1"}),
            (503, {"Retry-After": "7200"}),
            (503, {"Retry-After": "soon"}),
            (503, {"Retry-After": "99999999999999999"}),
        ]
        hook = await house.add(receiver.url)
        await house.note("a.b")
        pauses = [await house.wait_for(await house.tried(hook, attempt)) for attempt in range(1, 6)]
        await house.delivered(hook, 1)
        assert 3598 <= pauses[0] <= 3600
        assert 30 <= pauses[1] <= 36
        assert pauses[2] == pytest.approx(7200, abs=0.01)
        assert 600 <= pauses[3] <= 720
        assert pauses[4] == pytest.approx(86400, abs=0.01)


async def test_without_order_the_others_go_on(tmp_path: Path) -> None:
    async with receiving() as receiver, working(tmp_path) as house:
        receiver.refuse = lambda request: request.event == 2 and len(receiver.requests) < 10
        hook = await house.add(receiver.url, ordered=False)
        await house.note(*["a.b"] * 10)
        await house.delivered(hook, 9)
        waiting = await house.tried(hook, 1, 1)
        assert sorted(receiver.events) == list(range(1, 11))
        await house.wait_for(waiting)
        await house.delivered(hook, 10)


async def test_a_slow_target_does_not_hold_up_another(tmp_path: Path) -> None:
    async with receiving("hang") as slow, receiving() as quick, working(tmp_path, timeout_s=3) as house:
        await house.add(slow.url)
        hook = await house.add(quick.url)
        await house.note(*["a.b"] * 20)
        await house.delivered(hook, 20)
        assert slow.events == [1]


async def test_a_restart_resumes_where_it_was(tmp_path: Path) -> None:
    async with receiving(script=[204, 204, 500]) as receiver:
        async with working(tmp_path) as house:
            hook = await house.add(receiver.url)
            await house.note("a.b", "a.c", "a.d", "a.e")
            open_one = await house.tried(hook, 1, 2)
        clock = house.clock
        async with working(tmp_path, clock=clock) as house:
            await house.note("a.f")
            await house.wait_for(open_one)
            await house.delivered(hook, 5)
        assert receiver.events == [1, 2, 3, 3, 4, 5]


async def test_what_was_under_way_at_a_crash_comes_again(tmp_path: Path) -> None:
    async with receiving(script=["hang"]) as receiver:
        async with working(tmp_path) as house:
            hook = await house.add(receiver.url)
            await house.note("a.b")
            await receiver.came(1)
        async with working(tmp_path) as house:
            await house.delivered(hook, 1)
        assert receiver.events == [1, 1]


async def test_replay_of_one_and_of_all_since(tmp_path: Path) -> None:
    async with receiving() as receiver, working(tmp_path) as house:
        hook = await house.add(receiver.url, events=("a.*",))
        await house.note("a.b", "x.y", "a.c", "a.d")
        await house.delivered(hook, 3)
        await house.store.write(lambda tx: webhooks.replay_one(tx, house.clock.wall_ms(), hook.id, 3))
        await house.webhooks.refresh(hook.id)
        await house.delivered(hook, 4)
        await house.store.write(lambda tx: webhooks.replay_since(tx, hook.id, 3))
        await house.webhooks.refresh(hook.id)
        await house.delivered(hook, 6)
        assert receiver.events == [1, 3, 4, 3, 3, 4]
        await house.note("a.e")
        await house.delivered(hook, 7)
        assert receiver.events[-1] == 5


async def test_a_moment_finds_its_first_event(tmp_path: Path) -> None:
    async with working(tmp_path) as house:
        moments = []
        for _ in range(9):
            moments.append(house.clock.wall_ms())
            await house.note("a.b", "a.c")
            await house.clock.advance(60)
        for number, moment in enumerate(moments):
            for early_ms in (0, 59_999):
                found = await house.store.read(lambda db, ms=moment - early_ms: webhooks.first_event_since(db, ms))  # type: ignore[misc]
                assert found == 2 * number + 1
        later = house.clock.wall_ms() + 1
        assert await house.store.read(lambda db: webhooks.first_event_since(db, later)) == 19


async def test_a_large_body_goes_without_its_text(tmp_path: Path) -> None:
    from gsmgw.wire.events import packed

    whole = {"type": "t", "data": {"detail": {"text": "x" * 9000, "n": 1}, "message": {"id": "1", "text": "y" * 9000}}}
    slim = json.loads(packed(whole, 4096))
    assert slim["data"]["detail"] == {"n": 1}
    assert slim["data"]["message"] == {"id": "1", "text": None, "truncated": True}
    assert json.loads(packed(whole, 100_000)) == whole


async def test_a_full_disk_is_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver, working(tmp_path) as house:
        hook = await house.add(receiver.url)
        plan, failures = webhooks.plan, [1, 1]

        def failing(*args: object, **kwargs: object) -> bool:
            if failures:
                failures.pop()
                raise module.StoreError("disk full")
            return plan(*args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(webhooks, "plan", failing)
        await house.note("a.b")

        async def rested() -> bool:
            await house.clock.advance(module.REST_S)
            return bool(receiver.requests)

        await until(rested)
        await house.delivered(hook, 1)


async def test_the_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "LOG_KEPT", 20)
    async with receiving() as receiver, working(tmp_path) as house:
        hook = await house.add(receiver.url)
        await house.store.write(lambda tx: [tx.event(1, any_event("a.b")) for _ in range(210)] and None)
        await receiver.came(210)

        async def is_trimmed() -> bool:
            log = await house.log(hook)
            return log[-1].id == 210 and log[-1].state == "delivered"

        await until(is_trimmed)
        assert len(await house.log(hook)) == 20 + 10


def test_expired_secrets_go_and_there_are_never_too_many() -> None:
    hook = Webhook("wh", "https://x", "", (), (), (), True, (Secret("a", 0),), "active", None, 0, 0)
    for now_ms, secret in enumerate("bcdefg", 1):
        hook = webhooks.rotated(hook, secret, now_ms, 1000, 5)
    assert [secret.value for secret in hook.secrets] == list("gfedc")
    assert [s.value for s in webhooks.rotated(hook, "h", 10, 0, 5).secrets] == ["h"]


async def test_a_target_of_callbacks_ends_by_itself(tmp_path: Path) -> None:
    async with working(tmp_path) as house:
        wanted = ("kannel", "https://shop.example/", ["message.sent"], 7)
        hook = await house.webhooks.callback_target(*wanted)
        assert hook is not None
        assert await house.webhooks.callback_target(*wanted) == hook
        later_ms = house.clock.wall_ms() + CALLBACK_MARGIN_MS + 7_200_000
        await house.store.write(lambda tx: webhooks.keep_until(tx, hook.id, later_ms))
        await house.clock.advance(CALLBACK_MARGIN_MS / 1000 + 3600)
        await house.store.write(lambda tx: None)
        assert [found.id for found in await house.store.read(webhooks.all_webhooks)] == [hook.id]

        async def is_gone() -> bool:
            await house.clock.advance(3600)
            return await house.store.read(webhooks.all_webhooks) == []

        await until(is_gone)
