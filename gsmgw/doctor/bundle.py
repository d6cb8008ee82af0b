"""The support bundle: what helps others to help, and nothing that is nobody's business.

Only what is listed here is in it, and all of it goes through the masking besides: no message, no number, no PIN, no
token, no webhook address, no hook argument.
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
#: Of a modem; not its IMEI, nor ICCID, IMSI and number of the SIM.
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
    """Write the bundle as a new gzipped tar, mode 0600; the names of what is in it."""
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
        raise BundleError(f"{target} exists already") from None
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
    """List what must appear nowhere, however it got there. A shorter text would mask half of everything."""
    found = [] if config is None else confidential_values(config)
    return [text for text in found if len(text) >= _SHORTEST]
