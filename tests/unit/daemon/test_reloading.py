"""A reload applies what can change without a restart, and names the rest until the restart has come."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from gsmgw.config import Config, parse_config
from gsmgw.daemon.reloading import Reloader, changes
from gsmgw.errors import ConfigError

BASE = """
[gateway]
country = "DE"
[modems]
discover = false
[[modem]]
name = "office"
port = "/dev/a"
[modem.limits]
per_day = 100
[[hook]]
name = "one"
command = ["/bin/true"]
[[route]]
country = "DE"
modem = "office"
"""


class Applied:
    """A gateway that notes what it is told to apply."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.write_text(BASE)
        self.config = parse_config(BASE)
        self.calls: list[list[str]] = []
        self.reloader = Reloader(self.config, self._apply)

    async def _apply(self, config: Config, keys: Collection[str]) -> None:
        self.config = config
        self.calls.append(list(keys))

    async def reload(self, *pairs: tuple[str, str]) -> tuple[list[str], list[str]]:
        text = BASE
        for before, after in pairs:
            assert before in text
            text = text.replace(before, after)
        self.file.write_text(text)
        found = await self.reloader.reload(self.file)
        return found.applied, found.needs_restart


@pytest.fixture
def gateway(tmp_path: Path) -> Applied:
    return Applied(tmp_path / "gsmgw.toml")


async def test_nothing_has_changed(gateway: Applied) -> None:
    assert await gateway.reload() == ([], [])


async def test_live_settings_are_applied_once(gateway: Applied) -> None:
    change = ('country = "DE"\n[modems]', 'country = "FR"\nlog_level = "debug"\n[modems]')
    assert await gateway.reload(change) == (["gateway.country", "gateway.log_level"], [])
    assert (gateway.config.gateway.country, gateway.config.gateway.log_level) == ("FR", "debug")
    assert await gateway.reload(change) == ([], [])


async def test_what_needs_a_restart_is_named_until_then_and_not_applied(gateway: Applied) -> None:
    change = ('country = "DE"\n[modems]', 'country = "FR"\nstate_dir = "/srv/gsmgw"\n[modems]')
    assert await gateway.reload(change) == (["gateway.country"], ["gateway.state_dir"])
    assert gateway.config.gateway.state_dir == Path("/var/lib/gsmgw")
    assert await gateway.reload(change) == ([], ["gateway.state_dir"])
    assert await gateway.reload() == (["gateway.country"], [])


@pytest.mark.parametrize(
    ("before", "after", "applied", "needs_restart"),
    [
        ("per_day = 100", "per_day = 50", ["modem.office.limits"], []),
        ('port = "/dev/a"', 'port = "/dev/a"\nweight = 2', ["modem.office.weight"], []),
        ('port = "/dev/a"', 'port = "/dev/b"', [], ["modem.office.port"]),
        ('port = "/dev/a"', 'port = "/dev/a"\npin = "1234"', [], ["modem.office.pin"]),
        ("[[hook]]", '[[modem]]\nname = "shop"\nport = "/dev/c"\n[[hook]]', ["modem.shop"], []),
        ("[[hook]]", '[[modem]]\nname = "shop"\nmatch = { usb = "1-1" }\n[[hook]]', [], ["modem.shop"]),
        ("/bin/true", "/bin/false", ["hook.one"], []),
        ('name = "one"', 'name = "two"', ["hook.one", "hook.two"], []),
        ('[[route]]\ncountry = "DE"', '[[route]]\ncountry = "AT"', ["route"], []),
        ("[[hook]]", '[[pool]]\nname = "p"\nmodems = ["office"]\n[[hook]]', [], ["pool.p"]),
        ("[modems]", '[[client]]\nname = ""\non_unknown = "hold"\n[modems]', ["client."], []),
        ("[modems]", '[api]\nlisten = "127.0.0.1:1"\nusers = ["root"]\n[modems]', ["api.users"], ["api.listen"]),
        ("[modems]", '[times]\nhours = "08:00-20:00"\n[modems]', ["times.hours"], []),
        ("[modems]", "[retention]\nevents_days = 30\n[modems]", ["retention.events_days"], []),
        ("[modems]", '[webhooks]\nallow = ["http"]\n[modems]', ["webhooks.allow"], []),
        ("[modems]", "[compat]\nkannel = true\n[modems]", [], ["compat.kannel"]),
        ("discover = false", "discover = true", [], ["modems.discover"]),
    ],
)
async def test_each_kind_of_setting(
    gateway: Applied, before: str, after: str, applied: list[str], needs_restart: list[str]
) -> None:
    assert await gateway.reload((before, after)) == (applied, needs_restart)


async def test_what_runs_has_the_new_live_settings_and_the_old_rest(gateway: Applied) -> None:
    await gateway.reload(
        ("per_day = 100", "per_day = 50"),
        ('port = "/dev/a"', 'port = "/dev/b"'),
        ("[[hook]]", '[[modem]]\nname = "shop"\nport = "/dev/c"\n[[hook]]'),
    )
    office, shop = gateway.config.modem
    assert (office.port, office.limits.per_day, shop.port) == ("/dev/a", 50, "/dev/c")


async def test_a_file_that_is_not_valid_changes_nothing(gateway: Applied) -> None:
    with pytest.raises(ConfigError, match="is not valid"):
        await gateway.reload(('port = "/dev/a"', 'port = "COM3"'))
    assert gateway.calls == []


def test_equal_configurations_do_not_differ() -> None:
    assert list(changes(parse_config(BASE), parse_config(BASE))) == []
    assert list(changes(parse_config(""), parse_config("[gateway]\n[api]\n[times]\n"))) == []
