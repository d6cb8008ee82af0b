"""The list of hardware, from what is known. python tests/docs/hardware.py writes it into docs/hardware.md."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from gsmgw.modem.profiles import GENERIC, PROFILES, Profile
from gsmgw.transport.usbports import EMERGENCY, HINTS, MODEM_VENDORS, SWITCH_NEEDED

PAGE = Path(__file__).parents[2] / "docs" / "hardware.md"
BEGIN, END = "<!-- made by tests/docs/hardware.py: begin -->", "<!-- end -->"

#: Field of a profile -> what a difference from the generic one means to a reader.
_QUIRKS = {
    "init": "set up with {}",
    "init_for_interface": "announces on one port only",
    "cnmi": "announces in forms of its own",
    "cpms_forms": "takes {} memories at a time",
    "sweep": "stores in {}",
    "receive_into": "received texts are put into {}",
    "after_pin_s": "rests {} s after the PIN",
    "after_radio_on_s": "rests {} s after the radio is on",
    "sim_ready_s": "its SIM may take {} s",
    "sms_ready_s": "may take {} s until it can send",
    "prompt_timeouts_s": "its prompt may take {} s",
    "submit_timeout_s": "may take {} s to send",
    "probe_after_s": "must not be asked anything while it sends",
    "pause_s": "needs {} s between commands",
    "reset": "restarted by {}",
    "ussd_forms": "USSD {}",
    "cms": "error codes of its own",
    "cme": "error codes of its own",
}


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def quirks(profile: Profile) -> str:
    """How a family differs, in words."""
    found = []
    for field in fields(Profile):
        value = getattr(profile, field.name)
        if field.name in _QUIRKS and value != getattr(GENERIC, field.name):
            found.append(_QUIRKS[field.name].format(_shown(value)))
    return "; ".join(dict.fromkeys(found)) or "none known"


def tables() -> str:
    """The part of the page that is made."""
    lines = ["## Families", "", "| profile | modems | quirks | source |", "|---|---|---|---|"]
    for profile in PROFILES:
        row = [f"`{profile.name}`", profile.title, quirks(profile), profile.source]
        lines.append("| " + " | ".join(text.replace("|", "\\|") for text in row) + " |")
    lines += ["", "## USB numbers", "", "Sticks whose ports are known by number; `-` is asked, port by port.", ""]
    lines += ["| number | maker | AT port (interface) | second | never touched |", "|---|---|---|---|---|"]
    for identity, hint in HINTS.items():
        maker = MODEM_VENDORS.get(identity[:4], "")
        ports = ["-" if port is None else str(port) for port in (hint.primary, hint.secondary)]
        avoided = ", ".join(str(port) for port in sorted(hint.avoid)) or "-"
        lines.append(f"| `{identity}` | {maker} | {ports[0]} | {ports[1]} | {avoided} |")
    lines += ["", "## Not usable as they are", "", "| number | what it is |", "|---|---|"]
    for identity, what in SWITCH_NEEDED.items():
        cure = "" if "HiLink" in what else ": a driver disc until usb-modeswitch has switched it"
        lines.append(f"| `{identity}` | {what}{cure} |")
    lines += [
        f"| `{identity}` | Qualcomm's emergency download mode: no firmware runs |" for identity in sorted(EMERGENCY)
    ]
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with its made part made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
