"""Links by IMEI follow the modems."""

from __future__ import annotations

from pathlib import Path

from gsmgw.imeilinks import ImeiLinks
from gsmgw.model import ModemState, ModemStatus

IMEI = "490154203237518"


def status(name: str = "a", state: ModemState = ModemState.READY, **known: str) -> ModemStatus:
    return ModemStatus(name, state, "", **known)  # type: ignore[arg-type]


def shown(directory: Path) -> dict[str, str]:
    return {path.name: str(path.readlink()) for path in directory.iterdir()} if directory.exists() else {}


def test_links_come_move_and_go(tmp_path: Path) -> None:
    directory = tmp_path / "by-imei"
    links = ImeiLinks(directory)
    links.show(status(state=ModemState.PROBING, port="/dev/ttyUSB2"))
    assert shown(directory) == {}
    links.show(status(imei=IMEI, port="/dev/ttyUSB2"))
    assert shown(directory) == {IMEI: "/dev/ttyUSB2"}
    links.show(status(imei=IMEI, port="/dev/ttyUSB5"))
    assert shown(directory) == {IMEI: "/dev/ttyUSB5"}
    links.show(status(state=ModemState.ABSENT, imei=IMEI, port="/dev/ttyUSB5"))
    assert shown(directory) == {}
    links.show(status(imei=IMEI, port="/dev/ttyUSB5"))
    links.close()
    assert shown(directory) == {}


def test_what_is_no_device_or_no_imei_gets_none(tmp_path: Path) -> None:
    links = ImeiLinks(tmp_path / "by-imei")
    links.show(status(imei=IMEI, port="socket://host:1"))
    links.show(status("b", imei="../../etc/passwd", port="/dev/ttyUSB2"))
    assert shown(tmp_path / "by-imei") == {}


def test_a_directory_that_cannot_be_made_harms_nothing(tmp_path: Path) -> None:
    links = ImeiLinks(tmp_path / "missing" / "by-imei")
    links.show(status(imei=IMEI, port="/dev/ttyUSB2"))
    links.close()
