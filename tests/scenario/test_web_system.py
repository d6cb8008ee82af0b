"""The pages about the gateway as a whole: health, settings, backups, the API, about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from support.page import add_user, dashboard, fragment, signed_in
from support.rig import Rig, running, simulated

from gsmgw.client.errors import checked
from gsmgw.config import load_config

FILE = """[gateway]
state_dir = "{directory}/state"
socket = "{directory}/gsmgw.sock"
country = "DE"

[modems]
discover = false

[[hook]]
name = "note"
command = ["/bin/sh", "-c", "exit 3"]
events = ["message.*"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gsmgw.toml"
    path.write_text(FILE.format(directory=tmp_path))
    return path


@pytest.fixture
async def rig(file: Path) -> AsyncIterator[Rig]:
    async with running(load_config(file)) as found:
        found.gateway.config_file = file
        await add_user(found, "ann")
        yield found


def text_of(file: Path) -> str:
    return file.read_text()


def write(file: Path, text: str) -> None:
    file.write_text(text)


async def test_settings_with_their_sources(rig: Rig, file: Path) -> None:
    async with signed_in(rig) as browser:
        page = (await browser.open("/configuration")).text
        assert str(file) in page
        assert "line 4 of the file" in page
        assert "<code>&#34;DE&#34;</code>" in page
        assert "retention" not in page.partition("</nav>")[2].partition("Set by you")[2]
        german = (await browser.open("/configuration", headers={"Accept-Language": "de"})).text
        assert "Land für Nummern ohne <code>+</code>" in german
        page = (await browser.open("/configuration?show=all")).text
        assert "messages_days" in page
        assert "<code>[backup]</code>" in page
        found = (await browser.open("/configuration?q=KEEP")).text
        assert "Number of backups to keep" in found
        assert "state_dir" not in found.partition("<table")[2]
        assert "No setting fits this search" in (await browser.open("/configuration?q=xyzzy")).text


async def test_a_reload_says_what_it_did(rig: Rig, file: Path) -> None:
    async with signed_in(rig) as browser:
        changed = text_of(file).replace('"DE"', '"AT"') + '\n[api]\nlisten = "127.0.0.1:18775"\n'
        write(file, changed)
        assert "not in effect yet" in (await browser.open("/configuration")).text
        assert "Changes in the configuration file are not in effect yet" in (await browser.open("/health")).text
        await browser.open("/configuration")
        done = (await browser.send("/configuration")).text
        assert "In effect now: <code>gateway.country</code>" in done
        assert "Needs a restart of the gateway: <code>api.listen</code>" in done
        write(file, changed.replace("country", "contry"))
        broken = await browser.send("/configuration")
        assert broken.status_code == 409
        assert "The configuration file has errors" in broken.text
        assert "contry" in broken.text
        assert "the next start would fail" in (await browser.open("/health")).text
        write(file, FILE.format(directory=file.parent).replace('"DE"', '"AT"'))
        assert "Nothing has changed in it" in (await browser.send("/configuration")).text


async def test_health_in_words(rig: Rig) -> None:
    async with signed_in(rig) as browser:
        page = (await browser.open("/health")).text
        assert "Something is wrong" in page
        assert "No modem is connected" in page
        assert "There is no backup yet" in page
        assert "The gateway accepts texts, and all its tasks run" in page
        hook = await rig.client.create_webhook("https://shop.example/x", description="The <shop>")
        await rig.client.pause_webhook(hook["id"])
        await rig.client.send("+4915112345671", "Hello")
        await rig.event(0, "hook.failed")
        await rig.client.create_backup()
        shown = await fragment(browser, "health")
        assert "The webhook The &lt;shop&gt; does not get its events" in shown
        assert "The hook note failed at its last run" in shown
        assert "The last backup was made" in shown
        other = await fragment(browser, "health", "viewer")
        assert "backup" not in other
        assert "shop" not in other
        rig.gateway.supervisor.failures["queue"] = 2
        shown = await fragment(browser, "health")
        assert "was started again 2 times: <" in shown


async def test_everything_is_well(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig), dashboard(rig) as browser:
        await add_user(rig, "ann")
        await browser.sign_in("ann")
        await rig.client.create_backup()
        page = (await browser.open("/health")).text
        assert "Everything is well" in page
        assert "Modem modem0: Ready." in page
        await rig.client.modem("modem0", "disable")
        assert "Modem modem0: Disabled." in await fragment(browser, "health")


def test_the_client_reads_health_that_is_not_well() -> None:
    answer = httpx.Response(503, json={"status": "unavailable", "detail": "a task failed"})
    assert checked(answer, "here") == {"status": "unavailable", "detail": "a task failed"}


async def test_health_is_a_call_of_the_client(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await rig.client.health())["status"] == "ok"
    monkeypatch.setattr(type(rig.gateway.supervisor), "trouble", property(lambda _: "the queue failed"))
    async with signed_in(rig) as browser:
        page = (await browser.open("/health")).text
        assert "The gateway does not work as it should" in page
        assert "the queue failed" in page


async def test_backups(rig: Rig) -> None:
    async with signed_in(rig) as browser:
        assert "No backups yet" in (await browser.open("/backups")).text
        assert (await browser.send("/backups")).headers["location"] == "/backups?done=backed_up"
        made = (await rig.client.backups())[0]["file"]
        page = (await browser.open("/backups")).text
        assert f"sudo gsmgw restore --force {made}" in page
        assert "kB" in page


async def test_the_calls_of_the_api(rig: Rig) -> None:
    async with dashboard(rig, prefix="/sms") as browser:
        await browser.sign_in("ann")
        page = (await browser.open("/api")).text
        assert 'href="/sms/api/send_message"' in page
        assert "/v1/webhooks/{webhook_id}/deliveries" in page
        document = await browser.open("/api/openapi.json")
        assert document.json()["info"]["title"] == "gsmgw"
        found = (await browser.open("/api?q=ussd")).text
        assert "send_ussd" in found
        assert "send_message" not in found
        assert "No call fits this search" in (await browser.open("/api?q=xyzzy")).text
        page = (await browser.open("/api/send_message")).text
        for words in ("POST /v1/messages", "Idempotency-Key", "valid_for", "Seconds until it expires", "client_ref"):
            assert words in page
        assert 'href="/sms/api/schemas/Message"' in page
        assert "<code>urgent" in (await browser.open("/api/schemas/MessageIn")).text.replace("&#34;", "")
        for path in ("/api/list_messages", "/api/export_messages", "/api/import_contacts", "/api/delete_webhook"):
            assert (await browser.open(path)).status_code == 200
        assert (await browser.open("/api/nonsense")).status_code == 404
        assert (await browser.open("/api/schemas/nonsense")).status_code == 404


async def test_each_call_and_schema_can_be_shown(rig: Rig) -> None:
    document = await rig.client.request("GET", "/openapi.json")
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    async with signed_in(rig) as browser:
        for name in names[:: len(names) // 25]:
            assert (await browser.open(f"/api/{name}")).status_code == 200, name
        schemas = list(document["components"]["schemas"])
        for name in schemas[:: len(schemas) // 25]:
            assert (await browser.open(f"/api/schemas/{name}")).status_code == 200, name


async def test_about_and_system(rig: Rig) -> None:
    await add_user(rig, "vera", "viewer")
    async with signed_in(rig) as browser:
        page = (await browser.open("/about")).text
        assert "bootstrap" in page
        assert "Permission is hereby granted" in page
        for target in ("/health", "/configuration", "/backups", "/audit", "/api", "/start", "/about"):
            assert f'class="card-box tile" href="{target}"' in (await browser.open("/system")).text
    async with dashboard(rig) as browser:
        await browser.sign_in("vera")
        page = (await browser.open("/system")).text
        assert 'href="/health"' in page
        assert 'href="/configuration"' not in page
        assert "Is everything well?" in (await browser.open("/health")).text
        assert (await browser.open("/about")).status_code == 200
        for path in ("/configuration", "/backups"):
            assert (await browser.open(path)).status_code == 403
