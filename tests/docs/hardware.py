"""Writes the hardware tables into docs/reference/hardware.md, from the profiles and USB identities of the program."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from gsmgw.modem.profiles import GENERIC, PROFILES, Profile
from gsmgw.transport.usbports import EMERGENCY, HINTS, MODEM_VENDORS, SWITCH_NEEDED

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "hardware.md"
BEGIN, END = "<!-- made by tests/docs/hardware.py: begin -->", "<!-- end -->"

#: Field of a profile -> the meaning of a difference from the generic one.
_QUIRKS = {
    "init": "setup: {}",
    "init_for_interface": "URCs on one port only",
    "cnmi": "accepts only some AT+CNMI settings",
    "cpms_forms": "AT+CPMS with {} memories",
    "sweep": "memories: {}",
    "receive_into": "received messages are stored in {}",
    "after_pin_s": "pause of {} s after the PIN",
    "after_radio_on_s": "pause of {} s after the radio is on",
    "sim_ready_s": "SIM ready after up to {} s",
    "sms_ready_s": "can send after up to {} s",
    "prompt_timeouts_s": "prompt after up to {} s",
    "submit_timeout_s": "sending takes up to {} s",
    "probe_after_s": "no commands while it sends",
    "pause_s": "pause of {} s between commands",
    "reset": "restart: {}",
    "ussd_forms": "USSD {}",
    "cms": "own error codes",
    "cme": "own error codes",
}


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def quirks(profile: Profile) -> str:
    """Return the differences of a family, in words."""
    found = []
    for field in fields(Profile):
        value = getattr(profile, field.name)
        if field.name in _QUIRKS and value != getattr(GENERIC, field.name):
            found.append(_QUIRKS[field.name].format(_shown(value)))
    return "; ".join(dict.fromkeys(found)) or "none known"


def tables() -> str:
    """Return the generated part of the page."""
    lines = ["## Families", "", "| profile | modems | quirks | source |", "|---|---|---|---|"]
    for profile in PROFILES:
        row = [f"`{profile.name}`", profile.title, quirks(profile), profile.source]
        lines.append("| " + " | ".join(text.replace("|", "\\|") for text in row) + " |")
    lines += ["", "## USB identities", "", "Sticks whose AT ports are known. `-`: the ports are probed one by one.", ""]
    lines += [
        "| USB identity | vendor | AT port (interface) | second AT port | never opened |",
        "|---|---|---|---|---|",
    ]
    for identity, hint in HINTS.items():
        maker = MODEM_VENDORS.get(identity[:4], "")
        ports = ["-" if port is None else str(port) for port in (hint.primary, hint.secondary)]
        avoided = ", ".join(str(port) for port in sorted(hint.avoid)) or "-"
        lines.append(f"| `{identity}` | {maker} | {ports[0]} | {ports[1]} | {avoided} |")
    lines += ["", "## Devices that cannot be used as they are", "", "| USB identity | device |", "|---|---|"]
    for identity, what in SWITCH_NEEDED.items():
        cure = "" if "HiLink" in what else ": in disk mode until usb-modeswitch has switched it"
        lines.append(f"| `{identity}` | {what}{cure} |")
    lines += [
        f"| `{identity}` | Qualcomm emergency download mode: the firmware is missing |"
        for identity in sorted(EMERGENCY)
    ]
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """Return the page with its generated part renewed."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
