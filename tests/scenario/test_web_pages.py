"""The screens of the dashboard by HTTP, without JavaScript: what a person reads, types and sends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.page import SECRET, Browser, add_user, dashboard, fragment, signed_in
from support.rig import Rig, simulated

ANNA, BORIS = "+4915112345671", "+4915112345672"
FAR = "2099-01-01T10:00"


async def test_a_live_update_keeps_the_buttons(rig: Rig) -> None:
    """They belong to a form outside of the region: a shared fragment has no token of a browser."""
    await add_user(rig, "ann")
    sent = await rig.client.send(ANNA, "Later", send_at=f"{FAR}:00Z")
    async with signed_in(rig) as browser:
        page = (await browser.open(f"/messages/{sent['id']}")).text
        shown = await fragment(browser, f"message:{sent['id']}")
        for html in (page, shown):
            assert '<button form="message-form"' in html
        assert 'name="form_token"' not in shown
        assert "Do not send it" not in await fragment(browser, f"message:{sent['id']}", "viewer")
        assert (await browser.send(f"/messages/{sent['id']}", action="cancel")).status_code == 303


async def test_a_text_there_and_back(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        await add_user(rig, "ann")
        await rig.client.create_contact(ANNA, name="Anna <Schneider>")
        async with signed_in(rig) as browser:
            assert "No texts yet" in (await browser.open("/outbox")).text
            await browser.open("/compose")
            bad = await browser.send("/compose", to="nonsense", text="Hello")
            assert bad.status_code == 422
            assert ">nonsense</textarea>" in bad.text
            assert 'id="to-error"' in bad.text
            checked = await browser.send("/compose", to=f"{ANNA}, {ANNA}\n{BORIS}", text="Hello", action="check")
            assert "<dt>People</dt><dd>2</dd>" in checked.text
            assert (await rig.client.page(direction="outbound"))["data"] == []
            done = await browser.send("/compose", to=ANNA, text="Your <b>table</b> is ready", key="k1", action="send")
            again = await browser.send("/compose", to=ANNA, text="Your <b>table</b> is ready", key="k1", action="send")
            assert done.headers["location"] == again.headers["location"]  # a double click
            number = done.headers["location"].partition("?")[0].rpartition("/")[2]
            await rig.ended(number)
            page = (await browser.open(done.headers["location"])).text
            for words in (
                "Accepted. It leaves",
                "Handed to the modem",
                "Delivered to",
            ):
                assert words in page, words
            assert ANNA in (await browser.open("/outbox?status=delivered&q=table")).text
            assert (
                '<span class="peer" title="+4915112345671">Anna &lt;Schneider&gt;</span>'
                in (await browser.open("/outbox")).text
            )
            assert "Nothing found" in (await browser.open("/outbox?status=failed")).text

            cursor = (await rig.client.stats())["last_event"]
            sim.send(from_=ANNA, to="modem0", text="Thank you <script>")
            await rig.event(cursor, "message.received")
            assert "Thank you &lt;script&gt;" in (await browser.open("/inbox")).text
            assert "1 new" in await fragment(browser, "new:inbound:")
            talks = (await browser.open("/conversations")).text
            assert "Anna &lt;Schneider&gt;" in talks
            assert '<span class="count">1' in talks
            thread = (await browser.open(f"/conversations/{ANNA}")).text
            assert "May be texted." in thread
            assert (await rig.client.conversation(ANNA))["unread"] == 0
            reply = await browser.send(f"/conversations/{ANNA}", text="See you", key="k2")
            assert reply.headers["location"] == "/conversations/%2B4915112345671"
            newest = (await rig.client.page(direction="outbound"))["data"][0]
            assert (newest["text"], newest["modem"], newest["purpose"]) == ("See you", "modem0", "conversation")
            await rig.ended(newest["id"])
            assert "✓✓ Delivered" in await fragment(browser, f"thread:{ANNA}")
            assert "Anna" in await fragment(browser, "threads:open:")
            for action, field, value in (("take", "assigned_to", "ann"), ("close", "state", "closed")):
                await browser.send(f"/conversations/{ANNA}/change", action=action)
                assert (await rig.client.conversation(ANNA))[field] == value  # type: ignore[literal-required]
            await browser.send(f"/conversations/{ANNA}/change", action="note", note="Prefers the terrace")
            assert "Prefers the terrace" in (await browser.open(f"/conversations/{ANNA}")).text
            await browser.send(f"/conversations/{ANNA}/person", action="name", name="Anna S.")
            assert "Anna S." in (await browser.open(f"/conversations/{ANNA}")).text
            await browser.send(f"/conversations/{ANNA}/person", action="opt_out", sure="1")
            refused = await browser.send(f"/conversations/{ANNA}", text="Still there?")
            assert refused.status_code == 409
            assert "Still there?</textarea>" in refused.text
            assert "has opted out and cannot be texted" in refused.text

            for region in ("totals", "state", "modems", "modem:modem0", f"row:{number}", f"message:{number}"):
                assert (await fragment(browser, region)).startswith("<hx-partial"), region
            modem = (await browser.open("/modems/modem0")).text
            assert "Restart the modem" in modem
            answer = await browser.send("/modems/modem0/ussd", code="*100#")
            assert '<pre class="answer"' in answer.text or 'id="code-error"' in answer.text
            assert (await browser.send("/modems/modem0/ussd", code="")).status_code == 422
            off = await browser.send("/modems/modem0", action="disable", sure="1")
            assert off.headers["location"] == "/modems/modem0?done=disabled"
            await browser.send("/modems/modem0", action="enable")
            assert rig.gateway.modems["modem0"].status.state.value != "disabled"


async def test_what_waits_can_be_changed(rig: Rig) -> None:
    await add_user(rig, "ann", time_zone="Europe/Berlin")
    async with signed_in(rig) as browser:
        await browser.open("/compose")
        done = await browser.send("/compose", to=ANNA, text="Later", send_at=FAR)
        path = done.headers["location"].partition("?")[0]
        number = path.rpartition("/")[2]
        assert (await rig.client.message(number))["send_at"] == "2099-01-01T09:00:00.000Z"
        assert "Its sending time has not come." in (await browser.open(path)).text
        assert (await browser.send("/compose", to=ANNA, text="x", send_at="nonsense")).status_code == 422
        await browser.send(path, action="cancel")
        assert (await rig.client.message(number))["status"] == "canceled"
        assert "Send it again" in (await browser.open(path)).text
        late = await browser.send(path, action="cancel")
        assert late.status_code == 409
        assert "This is not possible now." in late.text
        table = await browser.open("/outbox/export?q=Later")
        assert table.headers["content-disposition"] == 'attachment; filename="outbox.csv"'
        assert number in table.text
        assert (await browser.open("/messages/nonsense")).status_code == 404
        preview = await browser.http.post(
            "/compose/meter", data={"form_token": await token(browser), "text": "Grüße 🎉", "to": ""}
        )
        assert "<kbd>🎉</kbd>" in preview.text


async def token(browser: Browser) -> str:
    """The token of the forms."""
    page = (await browser.open("/compose")).text
    return page.partition('name="form_token" value="')[2].partition('"')[0]


async def test_lists_are_paged(rig: Rig) -> None:
    await add_user(rig, "ann")
    texts: list[Any] = [{"to": ANNA, "text": f"text {n}", "send_at": f"{FAR}:00Z"} for n in range(60)]
    await rig.client.send_many(texts)
    async with signed_in(rig) as browser:
        first = (await browser.open("/outbox?q=text")).text
        assert first.count('<li id="row-') == 50
        older = first.partition('<nav class="pager"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
        second = (await browser.open(older)).text
        assert second.count('<li id="row-') == 10
        assert "Newest" in second
        top = (await rig.client.page(direction="outbound", limit=3))["data"][2]["id"]
        assert "2 new" in await fragment(browser, f"new:outbound:{top}")


async def test_contacts_are_kept_and_imported(rig: Rig) -> None:
    await add_user(rig, "ann")
    await rig.client.put_field("city", "text")
    async with signed_in(rig) as browser:
        assert "No contacts yet" in (await browser.open("/contacts")).text
        await browser.open("/contacts/new")
        bad = await browser.send("/contacts/new", number="12", name="Anna")
        assert bad.status_code == 422
        assert 'id="number-error"' in bad.text
        assert 'value="Anna"' in bad.text
        made = await browser.send("/contacts/new", number=ANNA, name="Anna", groups="regulars", **{"field-city": "Ulm"})
        path = made.headers["location"].partition("?")[0]
        known = await rig.client.contact(ANNA)
        assert (known["name"], known["groups"], known["fields"]) == ("Anna", ["regulars"], {"city": "Ulm"})
        assert 'value="Ulm"' in (await browser.open(path)).text
        await browser.send(path, number=ANNA, name="Anna S.", action="save", **{"field-city": "Ulm"})
        assert (await rig.client.contact(ANNA))["groups"] == []

        await browser.open("/contacts/import")
        table = f"number,name\n{BORIS},Boris\nnonsense,Nobody\n"
        seen = await browser.send("/contacts/import", pasted=table, group="shop", action="check")
        assert "This is what the import would do" in seen.text
        assert '<td data-label="Line">3</td>' in seen.text
        assert (await rig.client.contact_page())["data"][0]["number"] == ANNA
        kept = seen.text.partition('name="kept" value="')[2].partition('"')[0]
        done = await browser.send("/contacts/import", kept=kept, group="shop", skip_bad="1", action="import")
        assert "Imported" in done.text
        assert (await rig.client.contact(BORIS))["groups"] == ["shop"]
        undo = done.text.partition('action="/contacts/import/')[2].partition('"')[0]
        await browser.send(f"/contacts/import/{undo}", sure="1")
        assert [each["number"] for each in (await rig.client.contact_page())["data"]] == [ANNA]
        assert (await browser.send("/contacts/import", action="check")).status_code == 422

        await browser.send("/groups", name="ulm", segment='city = "Ulm"', action="create")
        assert "Anna S." in (await browser.open("/contacts?group=ulm")).text
        await browser.send("/groups", name="ulm", action="delete", sure="1")
        assert "ulm" not in [group["name"] for group in await rig.client.groups()]
        assert "segment-error" in (await browser.open("/contacts?segment=nonsense")).text
        assert ANNA in (await browser.open("/contacts/export")).text
        await browser.open(path)
        await browser.send(path, action="delete", number=ANNA, sure="1")
        assert (await browser.open(path)).status_code == 404


async def test_templates_answers_and_consent(rig: Rig) -> None:
    await add_user(rig, "ann")
    await rig.client.create_contact(ANNA, name="Anna")
    async with signed_in(rig) as browser:
        await browser.open("/templates")
        bad = await browser.send("/templates", name="hello", text="Hello {{ nme }}", action="save")
        assert 'id="text-error"' in bad.text
        seen = await browser.send("/templates", name="hello", text="Hello {{ name }}", contact=ANNA, action="try")
        assert '<p class="quote">Hello Anna</p>' in seen.text
        await browser.send("/templates", name="hello", text="Hello {{ name }}", action="save")
        assert "Hello {{ name }}</textarea>" in (await browser.open("/templates?name=hello")).text
        await browser.send("/answers", action="save", **{"answer-name": "hours", "answer-text": "9 to 18"})
        assert 'data-answer="9 to 18"' in (await browser.open(f"/conversations/{ANNA}")).text
        await browser.send("/answers", action="delete", sure="1", **{"answer-name": "hours"})
        await browser.send("/templates", action="delete", sure="1", name="hello", text="x")
        assert (await rig.client.templates(), await rig.client.answers()) == ([], [])

        await browser.open("/consent")
        await browser.send("/consent", number=ANNA, reason="on the telephone", action="opt_out", sure="1")
        page = (await browser.open(f"/consent?number=%2B{ANNA[1:]}")).text
        assert "This person has opted out." in page
        assert "on the telephone" in page
        await browser.send("/consent", number=ANNA, action="opt_in", list="*", sure="1")
        assert (await rig.client.optout_page())["data"] == []
        assert 'id="number-error"' in (await browser.open("/consent?number=nonsense")).text


async def test_a_viewer_changes_nothing(rig: Rig) -> None:
    """The buttons are not there, and the gateway refuses what is sent in spite of that."""
    await add_user(rig, "vera", "viewer")
    await rig.client.send(ANNA, "Later", send_at=f"{FAR}:00Z")
    number = (await rig.client.page())["data"][0]["id"]
    async with dashboard(rig) as browser:
        await browser.sign_in("vera")
        page = (await browser.open(f"/messages/{number}")).text
        assert "Do not send it" not in page
        assert "New text" not in page
        refused = await browser.send(f"/messages/{number}", action="cancel")
        assert refused.status_code == 403
        assert "You do not have permission for this." in refused.text
        assert (await rig.client.message(number))["status"] == "scheduled"
        assert (await browser.send("/compose", to=ANNA, text="x")).status_code == 403


async def test_a_campaign_is_reviewed_and_runs(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        await add_user(rig, "ann")
        await rig.client.create_contact(ANNA, name="Anna", groups=["regulars"])
        await rig.client.create_contact(BORIS, groups=["regulars"])
        await rig.client.opt_out(BORIS)
        async with signed_in(rig) as browser:
            assert "No campaigns yet" in (await browser.open("/campaigns")).text
            await browser.open("/campaigns/new")
            bad = await browser.send("/campaigns/new", name="Sale", variant="Hello {{ nme }}")
            assert bad.status_code == 422
            assert 'value="Sale"' in bad.text
            made = await browser.send("/campaigns/new", name="Sale", groups="regulars", variant="Hello {{ name }}")
            path = made.headers["location"].partition("?")[0]
            page = (await browser.open(path)).text
            assert "Hello Anna" in page
            assert "<strong>1</strong> opted out" in page
            await browser.send(
                f"{path}/edit", name="Sale", groups="regulars", variant="Dear {{ name }}", hours="00:00-23:59"
            )
            assert (await browser.open(f"{path}/edit")).text.count("Dear {{ name }}") == 1
            await browser.open(path)
            started = await browser.send(path, action="start", send_at="", sure="1")
            assert started.headers["location"] == f"{path}?done=start"
            number = path.rpartition("/")[2]
            event = await rig.event(0, "message.delivered")
            assert event["data"]["to"] == ANNA
            assert "Dear Anna" in (await browser.open(f"/conversations/{ANNA}")).text
            assert (await fragment(browser, f"campaign:{number}")).startswith('<hx-partial hx-target="#progress"')
            assert "Sale" in (await browser.open("/campaigns")).text
            late = await browser.send(path, action="pause")
            assert late.status_code in (303, 409)


async def test_rules_and_settings(rig: Rig) -> None:
    await add_user(rig, "ann")
    async with signed_in(rig) as browser:
        assert "No rules yet" in (await browser.open("/rules")).text

        await browser.open("/settings")
        await browser.send("/settings", time_zone="Europe/Berlin", action="zone")
        assert "Now: Europe/Berlin." in (await browser.open("/settings")).text
        wrong = await browser.send("/settings", time_zone="Nowhere", action="zone")
        assert 'id="time_zone-error"' in wrong.text
        new = {"password": "another good one", "again": "another good one", "action": "password"}
        refused = await browser.send("/settings", current="not it", **new)
        assert 'id="current-error"' in refused.text
        done = await browser.send("/settings", current=SECRET, **new)
        assert done.headers["location"] == "/sign-in?done=password"
        assert (await browser.sign_in("ann", "another good one")).status_code == 303
