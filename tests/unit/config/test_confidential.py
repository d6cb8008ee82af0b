"""Secrets are marked at their fields, and nothing that shows a configuration shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gsmgw.cli import main
from gsmgw.config import HIDDEN, Confidential, Config, confidential_values, parse_config, redacted
from gsmgw.config.confidential import mark_of
from gsmgw.config.explaining import section_of
from gsmgw.errors import ConfigError

SMELL = re.compile(r"(^|_)(pin|puk|tokens?|keys?|secrets?|passwords?|passphrase|credentials?|auth)(_|$)")
PLANTED = {"pin": "8642", "key": "planted-signing-key", "token": "planted-auth-token-1", "argument": "--key=planted"}
TEXT = f"""
[compat]
smsgate_signing_key = "{PLANTED["key"]}"
twilio_account_sid = "AC0123456789abcdef0123456789abcdef"
twilio_auth_token = "{PLANTED["token"]}"
[[modem]]
name = "office"
port = "/dev/ttyUSB2"
pin = "{PLANTED["pin"]}"
number = "+4915112345678"
[[hook]]
name = "crm"
command = ["/usr/local/bin/crm", "{PLANTED["argument"]}"]
"""


def fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        inner = section_of(field.annotation)
        if inner is None:
            yield f"{path}{name}", field
        else:
            yield from fields(inner, f"{path}{name}.")


def holds_text(annotation: Any) -> bool:
    """Return True if the setting itself is a text; the path of a file with a secret is none."""
    return annotation is str or any(map(holds_text, get_args(annotation)))


SMELLING = [
    (path, field)
    for path, field in fields(Config)
    if SMELL.search(path.rpartition(".")[2]) and holds_text(field.annotation)
]


@pytest.mark.parametrize(("path", "field"), SMELLING, ids=[path for path, _ in SMELLING])
def test_what_is_named_like_a_secret_is_marked(path: str, field: FieldInfo) -> None:
    assert mark_of(field) is Confidential.SECRET, path


def test_the_walk_meets_the_secrets_that_are_known() -> None:
    assert {"compat.twilio_auth_token", "compat.smsgate_signing_key", "modem.pin"} <= {path for path, _ in SMELLING}


@pytest.mark.parametrize("path", [path for path, field in fields(Config) if path.endswith("command")])
def test_commands_may_hold_secrets_in_their_arguments(path: str) -> None:
    assert mark_of(dict(fields(Config))[path]) is Confidential.ARGUMENTS


def test_config_show_hides_secrets_and_shows_the_owner_the_rest(tmp_path: Path) -> None:
    (tmp_path / "gsmgw.toml").write_text(TEXT)
    done = CliRunner().invoke(main, ["config", "show", "--config", str(tmp_path / "gsmgw.toml")])
    assert done.exit_code == 0
    for name in ("pin", "key", "token"):
        assert PLANTED[name] not in done.output
    content = json.loads(done.output)
    assert content["modem"][0]["pin"] == content["compat"]["twilio_auth_token"] == HIDDEN
    assert content["modem"][0]["number"] == "+4915112345678"
    assert content["hook"][0]["command"] == ["/usr/local/bin/crm", PLANTED["argument"]]


def test_others_are_shown_neither_secrets_nor_numbers_nor_arguments() -> None:
    shown = json.dumps(redacted(parse_config(TEXT), for_others=True))
    for value in (*PLANTED.values(), "+4915112345678", "AC0123"):
        assert value not in shown
    assert "/usr/local/bin/crm" in shown
    assert "/dev/ttyUSB2" in shown


def test_every_planted_value_is_known_as_confidential() -> None:
    assert set(PLANTED.values()) <= set(confidential_values(parse_config(TEXT)))


def test_the_repr_of_a_configuration_holds_no_secret() -> None:
    shown = repr(parse_config(TEXT))
    assert not [value for value in PLANTED.values() if value in shown]
    assert "ttyUSB2" in shown


@pytest.mark.parametrize(
    "text",
    [
        '[[modem]]\nname = "a"\nport = "/dev/x"\npin = "planted"',
        '[compat]\nsmsgate_signing_key = "planted"',
        '[compat]\ntwilio_auth_token = "planted"',
    ],
)
def test_a_secret_that_is_wrong_is_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_config(text)
    assert "planted" not in str(refused.value)
