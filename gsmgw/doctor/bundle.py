"""The support bundle: diagnostic data without private data.

It contains only the files listed here, and all of them are masked: no message, phone number, PIN, token, webhook
address or hook argument.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gsmgw.config import Config, confidential_values, redacted
from gsmgw.doctor.examination import Examination
from gsmgw.doctor.machine import Machine
from gsmgw.doctor.masking import mask_text, mask_value
from gsmgw.errors import GsmgwError
from gsmgw.store.files import open_new
from gsmgw.wire import resources

_LOG_LINES = "2000"
_SHORTEST = 4
#: Fields of a modem to include; not its IMEI, nor the ICCID, IMSI and number of its SIM.
_MODEM_FIELDS = (
    "name",
    "state",
    "detail",
    "port",
    "profile",
    "manufacturer",
    "model",
    "revision",
    "operator",
    "technology",
    "registration",
    "signal_dbm",
    "storage",
)


class BundleError(GsmgwError):
    """The bundle could not be written."""


def write_bundle(found: Examination, target: Path, where: Machine | None = None) -> list[str]:
    """Write the bundle as a new .tar.gz file with mode 0600. Return the names of its files."""
    here = where or Machine()
    secrets = _secrets(found.config)
    log = here.ask("journalctl", "--unit=gsmgw", "--no-pager", "--output=short-iso", f"--lines={_LOG_LINES}") or ""
    usb = here.ask("lsusb") or ""
    content: dict[str, str] = {
        "findings.json": _json([asdict(finding) for finding in found.findings], secrets),
        "versions.json": json.dumps(found.versions, indent=1) + "\n",
        "modems.json": _json([_modem(modem) for modem in found.modems or []], secrets),
        "stats.json": _json(found.stats or {}, secrets),
        "config.json": _json(_config(found.config), secrets),
        "log.txt": mask_text(log, secrets),
        "usb.txt": usb,
    }
    try:
        with (
            open_new(target) as file,
            gzip.GzipFile(fileobj=file, mode="wb") as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            for name, text in content.items():
                data = text.encode()
                entry = tarfile.TarInfo(f"gsmgw-support/{name}")
                entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
                tar.addfile(entry, io.BytesIO(data))
    except FileExistsError:
        raise BundleError(f"{target} already exists. Choose another name") from None
    except OSError as exc:
        raise BundleError(f"{target} cannot be written: {exc.strerror}") from None
    return list(content)


def _json(value: Any, secrets: list[str]) -> str:
    return json.dumps(mask_value(value, secrets), indent=1, ensure_ascii=False, default=str) + "\n"


def _modem(modem: resources.Modem) -> dict[str, Any]:
    shown = {name: modem.get(name) for name in _MODEM_FIELDS}
    return {**shown, "number_known": bool(modem.get("number")), "iccid_known": bool(modem.get("iccid"))}


def _config(config: Config | None) -> dict[str, Any]:
    return {} if config is None else redacted(config, for_others=True, exclude_defaults=True)


def _secrets(config: Config | None) -> list[str]:
    """Return the values to mask everywhere. Shorter values are left out: they would mask unrelated text."""
    found = [] if config is None else confidential_values(config)
    return [text for text in found if len(text) >= _SHORTEST]
