"""Errors that nobody expected are sentences; the traceback is for --debug, and for the log of the service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import click
import pytest
from click.testing import CliRunner, Result
from support.shell import command

from gsmgw import places
from gsmgw.cli.common import hint
from gsmgw.cli.failures import SafeGroup, explained
from gsmgw.client import NoDaemon
from gsmgw.doctor.installation import check_config
from gsmgw.errors import ConfigError, StoreError


def fails(exc: Exception, *, debug: bool = False, name: str = "work") -> Result:
    """Run a command that raises."""

    @click.group(cls=SafeGroup)
    @click.option("--debug", is_flag=True)
    def main(debug: bool) -> None:
        pass

    @main.command(name)
    def work() -> NoReturn:
        raise exc

    return CliRunner().invoke(main, [*(["--debug"] if debug else []), name], prog_name="gsmgw")


@pytest.mark.parametrize(
    ("exc", "words"),
    [
        (PermissionError(13, "Permission denied", "/etc/gsmgw/gsmgw.toml"), "Run the command as root: sudo gsmgw"),
        (PermissionError(13, "Permission denied", "/run/gsmgw/x"), "sudo adduser $USER gsmgw, then log in again"),
        (PermissionError(13, "Permission denied", "/dev/ttyUSB0"), "sudo adduser $USER dialout, then log in again"),
        (FileNotFoundError(2, "No such file or directory", "/x/y"), "gsmgw: /x/y: No such file or directory"),
        (StoreError("disk full"), "gsmgw: disk full"),
        (ConfigError("/x.toml", ["line 1: a", "line 2: b"]), "/x.toml: line 1: a\n/x.toml: line 2: b"),
        (KeyError("state"), "internal error: KeyError: 'state'\nThis is a defect of gsmgw"),
        (MemoryError(), "not enough memory"),
    ],
)
def test_an_error_is_a_sentence_and_with_debug_a_traceback(exc: Exception, words: str) -> None:
    done = fails(exc)
    assert done.exit_code == 1
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert "Traceback" in fails(exc, debug=True).stderr


def test_a_defect_of_the_service_keeps_its_traceback_for_the_log() -> None:
    assert isinstance(fails(KeyError("x"), name="run").exception, KeyError)
    assert (
        fails(OSError(28, "No space left on device", "/x"), name="run").stderr == "gsmgw: /x: No space left on device\n"
    )


def test_what_click_says_itself_stays() -> None:
    assert fails(click.UsageError("no")).exit_code == 2
    assert fails(click.Abort()).exit_code == 1


def test_a_directory_that_is_closed_to_the_user_is_not_an_absent_file(monkeypatch: pytest.MonkeyPatch) -> None:
    stat = Path.stat

    def closed(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self.is_relative_to("/etc/gsmgw"):
            raise PermissionError(13, "Permission denied", str(self))
        return stat(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", closed)
    monkeypatch.delenv("GSMGW_CONFIG", raising=False)
    monkeypatch.setattr(places, "SEARCH", ("/etc/gsmgw/gsmgw.toml", "/nowhere/gsmgw.toml"))
    assert places.find_config() is None
    assert places.closed_places() == ["/etc/gsmgw/gsmgw.toml"]
    for arguments in (("config", "check"), ("config", "show"), ("config", "export"), ("backup", "/tmp/none/x.tar.gz")):
        done = command(*arguments)
        assert done.exit_code in (1, 2), done.output
        assert "/etc/gsmgw/gsmgw.toml: Permission denied\nOnly root and the service may read it" in done.stderr
    _, (finding,) = check_config(None)
    assert (finding.level, finding.says) == ("note", "no permission to read /etc/gsmgw/gsmgw.toml")


def test_a_socket_that_is_closed_to_the_user_names_the_group() -> None:
    words = hint(NoDaemon("/run/gsmgw/gsmgw.sock", "[Errno 13] Permission denied"))
    assert "sudo adduser $USER gsmgw, then log in again" in words
    assert "systemctl start" in hint(NoDaemon("/run/gsmgw/gsmgw.sock", "[Errno 2] No such file or directory"))


def test_the_source_of_a_configuration_error_is_told_once() -> None:
    assert explained(ConfigError("f", ["x"])) == "f: x"
