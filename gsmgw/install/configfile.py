"""Build a readable configuration file with comments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gsmgw.config import parse_config
from gsmgw.documentation import page


@dataclass(frozen=True, slots=True)
class ModemChoice:
    """A [[modem]] section, matched by port or by IMEI."""

    name: str
    port: str | None = None
    imei: str | None = None
    pin: str | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """The answers from setup."""

    country: str | None = None
    modems: tuple[ModemChoice, ...] = ()
    discover: bool = True
    api_listen: str | None = None
    state_dir: Path | None = None
    socket: Path | None = None


def build_config(choices: Choices) -> str:
    """Return the text of the file. Raises :class:`gsmgw.errors.ConfigError` if a choice is not valid."""
    lines = [
        "# The configuration of gsmgw, written by `gsmgw setup`.",
        f"# Every setting: {page('reference/configuration.md')}",
        "# After a change, run: gsmgw config check, then: gsmgw reload",
        "",
        "[gateway]",
    ]
    if choices.country is None:
        lines.append('# country = "DE"          # country of numbers without a +')
    else:
        lines.append(f"country = {_quoted(choices.country)}            # country of numbers without a +")
    if choices.state_dir is not None:
        lines.append(f"state_dir = {_quoted(str(choices.state_dir))}")
    if choices.socket is not None:
        lines.append(f"socket = {_quoted(str(choices.socket))}")
    if choices.api_listen is not None:
        lines += [
            "",
            "[api]",
            "# Clients need a token: gsmgw tokens create NAME",
            f"listen = {_quoted(choices.api_listen)}",
        ]
    lines += [
        "",
        "[modems]",
        f"discover = {str(choices.discover).lower()}         # use every modem that is plugged in",
    ]
    lines += _modems(choices.modems)
    text = "\n".join(lines) + "\n"
    parse_config(text, "the new configuration")
    return text


def _modems(modems: Sequence[ModemChoice]) -> list[str]:
    lines: list[str] = []
    for modem in modems:
        lines += ["", "[[modem]]", f"name = {_quoted(modem.name)}"]
        if modem.imei is not None:
            lines.append(f"match = {{ imei = {_quoted(modem.imei)} }}   # at any USB port")
        elif modem.port is not None:
            lines.append(f"port = {_quoted(modem.port)}")
        if modem.pin is not None:
            lines.append(f"pin = {_quoted(modem.pin)}")
    return lines


def _quoted(text: str) -> str:
    """Return a TOML basic string. TOML allows all of JSON's escapes."""
    return json.dumps(text, ensure_ascii=False)
