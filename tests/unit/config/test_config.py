"""The configuration file: every problem at once, with its line and the nearest name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_origin

import pytest

from gsmgw.config import Config, load_config, parse_config
from gsmgw.config.explaining import section_of
from gsmgw.errors import ConfigError
from gsmgw.places import find_config

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
        ("[[modem]]\nname = 'a'\nport = '/dev/x'\npin = '12'", "line 4: modem.pin: must be 4 to 8 digits in quotes"),
        ("[[modem]]\nname = 'a'", "line 1: modem: needs either port"),
        ("[[modem]]\nport = '/dev/x'", "line 1: modem.name: is missing"),
        (
            "[[modem]]\nname = 'a'\nport = '/dev/x'\n[[modem]]\nname = 'a'\nport = '/dev/y'",
            "line 5: modem.name: 'a' is the name of another modem, [[modem]] number 1",
        ),
        (
            "[[modem]]\nname = 'a'\nport = '/dev/x'\n[[modem]]\nname = 'b'\nport = '/dev/x'",
            "line 6: modem.port: '/dev/x' is the port of another modem, [[modem]] number 1",
        ),
        ("[[modem]]\nname = 'a'\nport = '/dev/x'\n[modem.limits]\nper_day = 0", "line 5: modem.limits.per_day"),
        ("[gateway\n", "line 1: is not valid TOML"),
        (
            "[gateway]\ncountry = DE\n",
            "line 2: is not valid TOML: invalid value. Text needs quotes, for example country",
        ),
        ("[gateway]\n\ncountry\n", "line 3: is not valid TOML"),
        ("[gateway]\n[api]\n[gateway]\n", "line 3: this section occurs twice"),
        ("[gateway]\ncountry = 'DE'\ncountry = 'FR'\n", "line 3: this key or section occurs twice"),
        ("[[modem]]\nname = 'a'\nport = 'COM3'", "line 3: modem.port: 'COM3' is not valid: must be a path such as"),
        ("[[modem]]\nname = 'a'\nport = 'ttyUSB0'", "line 3: modem.port: 'ttyUSB0' is not valid"),
        ("[[modem]]\nname = 'a'\nport = '/dev/x'\npin = 1234", "line 4: modem.pin: must be 4 to 8 digits in quotes"),
        ("[modem]\nname = 'a'", "line 1: modem: may occur several times: write [[modem]] with two brackets"),
        ("[[gateway]]\ncountry = 'DE'", "line 1: gateway: may occur only once: write [gateway] with one bracket"),
        ("gateway = 3", "line 1: gateway: must be a section: write [gateway] on a line of its own"),
        ("[gateway]\nlog_level = 'inf'", "line 2: gateway.log_level: 'inf' is not valid: must be one of 'debug'"),
        ("[gateway]\nlog_level = 'inf'", "did you mean 'info'?"),
        ("[gateway]\nvalid_for = 'a day'", "line 2: gateway.valid_for: 'a day' is not valid: must be a whole number"),
        ("[gateway]\nvalid_for = 1", "line 2: gateway.valid_for: 1 is not valid: must be at least 60"),
        (
            "[gateway]\ndelivery_report = 'maybe'",
            "gateway.delivery_report: 'maybe' is not valid: must be true or false",
        ),
        ("[gateway]\ncountry = 49", "line 2: gateway.country: 49 is not valid: must be text in quotes"),
        (
            "[gateway]\nsocket_mode = 'rw'",
            "line 2: gateway.socket_mode: 'rw' is not valid: must be a file mode in quotes",
        ),
        ("[times]\nhours = '8-20'", "line 2: times.hours: '8-20' is not valid: must be two times, for example"),
        ("[times]\nholidays = ['xmas']", "times.holidays: 'xmas' is not valid: must be a date"),
        (
            "[[modem]]\nname = 'a b'\nport = '/dev/x'",
            "line 2: modem.name: 'a b' is not valid: must begin with a letter",
        ),
        (
            "[[modem]]\nname = 'a'\nmatch = { imei = '12' }",
            "line 3: modem.match.imei: '12' is not valid: must be the 15",
        ),
        (
            "[[modem]]\nname = 'a'\nmatch = { usb = '1-1' }\n[[modem]]\nname = 'b'\nmatch = { usb = '1-1' }",
            "line 6: modem.match: '1-1' is the USB path of another modem",
        ),
        (
            "[[hook]]\nname = 'a'\ncommand = ['/bin/true']\n[[hook]]\nname = 'a'\ncommand = ['/bin/true']",
            "line 5: hook.name: 'a' is the name of another hook",
        ),
        ("[[pool]]\nname = 'p'\nmodems = []", "line 3: pool.modems: must have at least 1 entry"),
        (
            "[modems]\ndiscover = false\n"
            "[[modem]]\nname = 'shop'\nport = '/dev/x'\n[[pool]]\nname = 'p'\nmodems = ['shp']",
            "line 8: pool.modems: the modem 'shp' does not exist; did you mean 'shop'?",
        ),
        (
            "[[hook]]\nname = 'a'\ncommand = ['/bin/true']\nevents = []",
            "line 4: hook.events: must have at least 1 entry",
        ),
        ("[[route]]\npool = 'p'", "line 2: route.pool: the pool 'p' does not exist; known: none"),
        (
            "[compat]\ntwilio_auth_token = 'sesame'",
            "line 2: compat.twilio_auth_token: must have at least 16 characters",
        ),
    ],
)
def test_a_problem_is_told_with_its_line_and_the_nearest_name(text: str, problem: str) -> None:
    assert any(problem in found for found in problems(text)), problems(text)


#: Words of the libraries that read and check the file.
_FOREIGN = re.compile(r"Input should|the pattern|value_error|pydantic|regex|String should|Field required")


def test_no_message_has_the_words_of_a_library() -> None:
    """Each setting in turn gets a value of each kind, so that every check says something."""
    values = (
        "''",
        "'x'",
        "1",
        "-1",
        "1.5",
        "true",
        "[]",
        "['x']",
        "[1]",
        "{ x = 1 }",
        "2026-12-25",
        "99999999999999999999",
    )
    seen = 0
    for section, annotation in Config.model_fields.items():
        model = section_of(annotation.annotation)
        assert model is not None
        header = f"[[{section}]]" if get_origin(annotation.annotation) is list else f"[{section}]"
        for key in model.model_fields:
            for value in values:
                try:
                    parse_config(f"{header}\n{key} = {value}\n")
                except ConfigError as exc:
                    for problem in exc.problems:
                        assert not _FOREIGN.search(problem), problem
                        assert problem.startswith("line "), problem
                        seen += 1
    assert seen > 500


def test_all_problems_are_told_at_once() -> None:
    found = problems("[gateway]\nfoo = 1\n[api]\nbar = 2\n[[modem]]\nname = '!'\nport = '/dev/x'\n")
    assert [int(re.match(r"line (\d+)", line)[1]) for line in found] == [2, 4, 6]  # type: ignore[index]


def test_a_pin_is_never_in_a_message_or_a_repr() -> None:
    assert "1234" not in repr(parse_config(GOOD))
    assert "12x4" not in "".join(problems("[[modem]]\nname='a'\nport='/dev/x'\npin='12x4'"))


def test_where_it_is_looked_for(tmp_path: Path) -> None:
    assert find_config("here.toml", {"GSMGW_CONFIG": "there.toml"}) == Path("here.toml")
    assert find_config(None, {"GSMGW_CONFIG": "there.toml"}) == Path("there.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "nowhere.toml")
