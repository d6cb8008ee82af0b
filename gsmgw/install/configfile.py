"""A configuration file as a person would have written it, with comments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gsmgw.config import parse_config


@dataclass(frozen=True, slots=True)
class ModemChoice:
    """One [[modem]] section: by its port, or by the IMEI wherever it is plugged in."""

    name: str
    port: str | None = None
    imei: str | None = None
    pin: str | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the wizard asked."""

    country: str | None = None
    modems: tuple[ModemChoice, ...] = ()
    discover: bool = True
    api_listen: str | None = None
    state_dir: Path | None = None
    socket: Path | None = None


def build_config(choices: Choices) -> str:
    """The text of the file, checked; :class:`gsmgw.errors.ConfigError` names what is wrong with a choice."""
    lines = [
        "# The configuration of gsmgw, written by `gsmgw setup`. docs/reference/configuration.md has every setting.",
        "# After a change: gsmgw config check, then sudo systemctl restart gsmgw",
        "",
        "[gateway]",
    ]
    if choices.country is None:
        lines.append('# country = "DE"          # of numbers written without a +')
    else:
        lines.append(f"country = {_quoted(choices.country)}            # of numbers written without a +")
    if choices.state_dir is not None:
        lines.append(f"state_dir = {_quoted(str(choices.state_dir))}")
    if choices.socket is not None:
        lines.append(f"socket = {_quoted(str(choices.socket))}")
    if choices.api_listen is not None:
        lines += [
            "",
            "[api]",
            "# With a token only: gsmgw tokens create NAME",
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
            lines.append(f"match = {{ imei = {_quoted(modem.imei)} }}   # wherever it is plugged in")
        elif modem.port is not None:
            lines.append(f"port = {_quoted(modem.port)}")
        if modem.pin is not None:
            lines.append(f"pin = {_quoted(modem.pin)}")
    return lines


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)
