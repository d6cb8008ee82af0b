"""The configuration file: every problem at once, with its line and the nearest name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gsmgw.config import find_config, load_config, parse_config
from gsmgw.errors import ConfigError

GOOD = """
[gateway]
state_dir = "/var/lib/gsmgw"
socket    = "/run/gsmgw/gsmgw.sock"
country   = "de"
[api]
listen = "127.0.0.1:8775"
[web]
listen = "127.0.0.1:8776"
[modems]
discover = true
[[modem]]
name = "office"
port = "/dev/ttyUSB2"
pin  = "1234"
[modem.limits]
per_minute = 10
per_day    = 400
[[modem]]
name = "shop"
match = { imei = "490154203237518" }
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return caught.value.problems


def test_the_contracts_example_is_good() -> None:
    config = parse_config(GOOD)
    assert config.gateway.country == "DE"
    assert config.api.listen == "127.0.0.1:8775"
    office, shop = config.modem
    assert office.limits.windows() == {60: 10, 86400: 400}
    assert shop.match is not None
    assert shop.match.imei == "490154203237518"
    assert str(config.database) == "/var/lib/gsmgw/gsmgw.db"


def test_an_event_type_of_a_hook_that_does_not_exist_is_refused_with_the_nearest_one() -> None:
    (problem,) = problems('[[hook]]\nname = "a"\ncommand = ["/bin/true"]\nevents = ["message.recived"]\n')
    assert "did you mean 'message.received'?" in problem


def test_an_empty_file_is_good() -> None:
    assert parse_config("").modems.discover is True


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[gateway]\nstate_dri = 'x'", "line 2: unknown key 'gateway.state_dri'; did you mean 'state_dir'?"),
        ("[modm]\n", "line 1: unknown key 'modm'; did you mean 'modem'?"),
        ("[gateway]\ncountry = 'GR1'", "did you mean 'GR'?"),
        (
            "[[route]]\ncountry = 'GR1'\nmodem = 'a'",
            'line 2: route.country: must be a two-letter country code like "DE"; did',
        ),
        ("[api]\nlisten = '8775'", 'line 2: api.listen: must be "host:port"'),
        ("[[modem]]\nname = 'a'\nport = 'x'\npin = '12'", "line 4: modem.pin: must be 4 to 8 digits in quotes"),
        ("[[modem]]\nname = 'a'", "line 1: modem: needs either port"),
        ("[[modem]]\nport = 'x'", "line 1: modem.name: is missing"),
        ("[[modem]]\nname = 'a'\nport = 'x'\n[[modem]]\nname = 'a'\nport = 'y'", "two modems are named 'a'"),
        ("[[modem]]\nname = 'a'\nport = 'x'\n[[modem]]\nname = 'b'\nport = 'x'", "use the same port x"),
        ("[[modem]]\nname = 'a'\nport = 'x'\n[modem.limits]\nper_day = 0", "line 5: modem.limits.per_day"),
        ("[gateway\n", "is not valid TOML"),
    ],
)
def test_a_problem_is_told_with_its_line_and_the_nearest_name(text: str, problem: str) -> None:
    assert any(problem in found for found in problems(text)), problems(text)


def test_all_problems_are_told_at_once() -> None:
    found = problems("[gateway]\nfoo = 1\n[api]\nbar = 2\n[[modem]]\nname = '!'\nport = 'x'\n")
    assert [int(re.match(r"line (\d+)", line)[1]) for line in found] == [2, 4, 6]  # type: ignore[index]


def test_a_pin_is_never_in_a_message_or_a_repr() -> None:
    assert "1234" not in repr(parse_config(GOOD))
    assert "12x4" not in "".join(problems("[[modem]]\nname='a'\nport='x'\npin='12x4'"))


def test_where_it_is_looked_for(tmp_path: Path) -> None:
    assert find_config("here.toml", {"GSMGW_CONFIG": "there.toml"}) == Path("here.toml")
    assert find_config(None, {"GSMGW_CONFIG": "there.toml"}) == Path("there.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "nowhere.toml")
