"""Nothing leaks: secrets, numbers and texts that are planted everywhere are not in a support bundle."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from gsmgw.config import parse_config
from gsmgw.doctor import Examination, write_bundle
from gsmgw.doctor.bundle import BundleError
from gsmgw.doctor.findings import error
from gsmgw.doctor.machine import Machine
from gsmgw.doctor.masking import mask_text

PLANTED = {
    "pin": "8642",
    "number": "+4915112345678",
    "imei": "490154203237518",
    "iccid": "89490200001234567890",
    "imsi": "262011234567890",
    "smsc": "+491710760000",
    "text": "Your table is ready",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "url": "hooks.example.org/T00/B00/XXXX",
    "token": "gsmgw_0h2kq_s3cr3tt0k3nvalue",
    "argument": "--api-key=topsecretkey",
    "pdu": "07919471060040F011000C9194511132547600080A0048006500790021",
    "mail": "owner@example.org",
    "twilio": "f00dcafe5ecre7t0ken1",
    "signing": "hunter2hunter2",
    "sid": "AC0123456789abcdef0123456789abcdef",
}
CONFIG = f"""
[gateway]
country = "DE"
[compat]
smsgate_signing_key = "{PLANTED["signing"]}"
twilio_account_sid = "{PLANTED["sid"]}"
twilio_auth_token = "{PLANTED["twilio"]}"
[[modem]]
name = "office"
match = {{ imei = "{PLANTED["imei"]}" }}
pin = "{PLANTED["pin"]}"
number = "{PLANTED["number"]}"
smsc = "{PLANTED["smsc"]}"
power_command = ["/usr/bin/relay", "{PLANTED["argument"]}"]
[[hook]]
name = "crm"
command = ["/usr/local/bin/crm", "{PLANTED["argument"]}", "{PLANTED["mail"]}"]
[[route]]
prefix = "{PLANTED["number"]}"
modem = "office"
"""
LOG = f"""
2026-11-21T12:00:00+0100 pi gsmgw[812]: INFO gsmgw.modem: office: number {PLANTED["number"]} IMEI {PLANTED["imei"]}
2026-11-21T12:00:01+0100 pi gsmgw[812]: WARNING gsmgw: the text '{PLANTED["text"]}' to 0151 1234 5678 failed
2026-11-21T12:00:02+0100 pi gsmgw[812]: DEBUG gsmgw.at: > {PLANTED["pdu"]} AT+CPIN="{PLANTED["pin"]}"
2026-11-21T12:00:03+0100 pi gsmgw[812]: ERROR gsmgw: POST https://{PLANTED["url"]} {PLANTED["secret"]}
2026-11-21T12:00:03+0100 pi gsmgw[812]: ERROR gsmgw: {PLANTED["token"]} {PLANTED["twilio"]} {PLANTED["signing"]}
2026-11-21T12:00:04+0100 pi gsmgw[812]: INFO gsmgw: SIM {PLANTED["iccid"]} {PLANTED["imsi"]} {PLANTED["mail"]}
2026-11-21T12:00:05+0100 pi gsmgw[812]: INFO gsmgw: office is ready: registered at home
"""


def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(Machine, "ask", lambda self, *command: LOG if command[0] == "journalctl" else None)
    modem = {
        "name": "office",
        "state": "ready",
        "detail": f"the SIM {PLANTED['iccid']} is registered",
        "model": "E1752",
        "revision": "11.126.16.00.00",
        "signal_dbm": -71,
        "storage": {"SM": {"used": 3, "total": 50}},
        **{key: PLANTED[key] for key in ("imei", "iccid", "imsi", "number")},
    }
    found = Examination(
        findings=[error("modem office", f"the SIM of {PLANTED['number']} refuses PIN {PLANTED['pin']}", "look")],
        versions={"gsmgw": "0.1.0"},
        config=parse_config(CONFIG),
        stats={"version": "0.1.0", "last_event": 1234567, "messages": {"queued": 123456}},
        modems=[modem],
    )
    write_bundle(found, tmp_path / "bundle.tar.gz")
    assert (tmp_path / "bundle.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(tmp_path / "bundle.tar.gz") as tar:
        return {Path(entry.name).name: tar.extractfile(entry).read().decode() for entry in tar}  # type: ignore[union-attr]


@pytest.mark.parametrize("what", PLANTED)
def test_nothing_leaks(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in bundle(tmp_path, monkeypatch).items():
        assert PLANTED[what] not in content, name
        assert PLANTED[what].lstrip("+").removeprefix("49") not in content.replace(" ", ""), name


def test_what_helps_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bundle(tmp_path, monkeypatch)
    assert "office is ready: registered at home" in content["log.txt"]
    assert "2026-11-21T12:00:05+0100" in content["log.txt"]
    modem = json.loads(content["modems.json"])[0]
    assert (modem["model"], modem["revision"], modem["signal_dbm"]) == ("E1752", "11.126.16.00.00", -71)
    assert modem["storage"] == {"SM": {"used": 3, "total": 50}}
    assert json.loads(content["stats.json"])["last_event"] == 1234567
    config = json.loads(content["config.json"])
    assert config["gateway"]["country"] == "DE"
    assert config["hook"][0]["command"] == ["/usr/local/bin/crm", "****"]


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(BundleError, match="already exists"):
        write_bundle(Examination(), tmp_path / "b", Machine(tmp_path))
    assert (tmp_path / "b").read_text() == "mine"


@pytest.mark.parametrize(
    "kept",
    ["2026-11-21T12:00:00.123Z", "2026-11-21 12:00:00,123", "/dev/ttyUSB2", "1-1.3", "-71 dBm", "CMS 305", "ttyUSB12"],
)
def test_what_tells_nothing_about_anybody_stays(kept: str) -> None:
    assert mask_text(f"at {kept} it was") == f"at {kept} it was"
