"""gsmgw doctor over a running gateway and without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from support.processes import site, until


def run(*arguments: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gsmgw", *arguments]
    env = {**os.environ, **(environ or {})}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)


def test_with_and_without_a_gateway(tmp_path: Path) -> None:
    with site(tmp_path, 1) as place:
        arguments = ["--socket", str(place.socket), "doctor", "--config", str(place.config), "--json"]

        def findings(*more: str) -> tuple[int, list[dict[str, str]]]:
            result = run(*arguments, *more)
            return result.returncode, [json.loads(line) for line in result.stdout.splitlines()]

        code, found = findings()
        assert code == 1
        gateway = next(finding for finding in found if finding["subject"] == "gateway")
        assert gateway["level"] == "error"
        assert "gsmgw run" in gateway["cure"]

        with place.start() as client:
            until(lambda: client.modems()[0]["state"] == "ready")
            client.request("POST", "/v1/backups")
            code, found = findings("--thorough", "--bundle", str(tmp_path / "bundle.tar.gz"))
            errors = [finding for finding in found if finding["level"] == "error"]
            assert all(finding["subject"] == "other programs" for finding in errors), errors  # of this machine
            assert any("is a pseudo-terminal: a simulated modem" in finding["says"] for finding in found)
            by_subject = {finding["subject"]: finding for finding in found if finding["level"] == "ok"}
            assert "is running at" in by_subject["gateway"]["says"]
            assert by_subject["modem m0"]["level"] == "ok"
            assert "every page, index and reference" in by_subject["database"]["says"]
            assert "latest backup is" in by_subject["backup"]["says"]
            assert all(finding["cure"] for finding in found if finding["level"] in ("warning", "error")), found
            assert (tmp_path / "bundle.tar.gz").exists()
            assert place.gateway is not None
            place.gateway.signal(signal.SIGTERM)

        database = tmp_path / "state" / "gsmgw.db"
        with database.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 4096)
        code, found = findings()
        assert code == 1
        damaged = next(finding for finding in found if finding["subject"] == "database")
        assert damaged["level"] == "error"
        assert "gsmgw restore FILE --force" in damaged["cure"]


def test_the_gateway_is_that_of_the_file(tmp_path: Path) -> None:
    with site(tmp_path, 1) as place, place.start():
        named = run("doctor", "--config", str(place.config), environ={"GSMGW_SOCKET": "/nowhere"})
        assert f"is running at {place.socket}" in named.stdout
        place.config.write_text(place.config.read_text() + "[gatway]\n")
        broken = run("doctor", "--config", str(place.config))
        assert broken.returncode == 1
        assert f"is running at {place.socket}" in broken.stdout


def test_a_bad_configuration_is_one_finding_among_others(tmp_path: Path) -> None:
    config = tmp_path / "gsmgw.toml"
    config.write_text("[gatway]\n")
    result = run("--socket", str(tmp_path / "none"), "doctor", "--config", str(config))
    assert result.returncode == 1
    assert "did you mean 'gateway'" in result.stdout
    assert "clock" in result.stdout
