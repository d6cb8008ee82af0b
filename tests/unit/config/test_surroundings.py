"""Faults of this machine that can be known before the start are told with line and cure."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gsmgw.checking import load_checked, parse_checked
from gsmgw.errors import ConfigError

#: A certificate with its key.
PEM = Path(__file__).parents[2] / "support" / "tls" / "receiver.pem"


def refused(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_checked(text, "gsmgw.toml")
    return caught.value.problems


def missing(text: str) -> list[str]:
    return parse_checked(text, "gsmgw.toml").missing


def test_what_keeps_the_gateway_from_starting(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    long = "/run/" + "x" * 120
    assert refused(f'[gateway]\nsocket = "{long}"\n')[0].startswith(
        "line 2: gateway.socket: the path has 125 bytes, at most 107 are possible. Use a shorter one"
    )
    assert refused(f'[gateway]\nsocket = "{tmp_path}"\n') == [
        f"line 2: gateway.socket: {tmp_path} is a directory. Name a file in it"
    ]
    assert refused('[gateway]\n\nsocket_group = "nobodies"\n') == [
        "line 3: gateway.socket_group: the group 'nobodies' does not exist. Create it: sudo addgroup --system nobodies"
    ]
    assert refused(f'[gateway]\nstate_dir = "{file}"\n') == [
        f"line 2: gateway.state_dir: {file} is not a directory. Name a directory"
    ]
    assert refused(f'[webhooks]\nca_file = "{tmp_path}/no.pem"\n') == [
        f"line 2: webhooks.ca_file: {tmp_path}/no.pem does not exist. Name a file with certificates in PEM"
    ]
    (problem,) = refused('[[modem]]\nname = "a"\nport = "/dev/x"\nprofile = "hauwei"\n')
    assert problem == "line 4: modem 'a': profile 'hauwei' does not exist; did you mean 'huawei'?"


def test_all_of_it_is_told_at_once() -> None:
    text = (
        '[gateway]\nsocket_group = "nobodies"\n[webhooks]\nca_file = "/no"\n'
        '[[modem]]\nname = "a"\nport = "/dev/x"\nprofile = "x"'
    )
    assert len(refused(text)) == 3


def test_what_the_gateway_starts_without(tmp_path: Path) -> None:
    assert missing('[api]\nusers = ["root", "nobodyhere"]\n') == [
        "line 2: api.users: the user 'nobodyhere' does not exist. Correct the name, or: sudo adduser nobodyhere"
    ]
    api = f'[api]\nlisten = "127.0.0.1:8775"\ntls_cert = "{tmp_path}/cert.pem"\ntls_key = "{tmp_path}/key.pem"\n'
    assert missing(api) == [
        f"line 3: api.tls_cert: {tmp_path}/cert.pem does not exist. The TCP listener waits for it",
        f"line 4: api.tls_key: {tmp_path}/key.pem does not exist. The TCP listener waits for it",
    ]
    smpp = f'[smpp]\nlisten = "127.0.0.1:2775"\ntls_cert = "{tmp_path}/cert.pem"\ntls_key = "{PEM}"\n'
    assert (
        missing(smpp)[0] == f"line 3: smpp.tls_cert: {tmp_path}/cert.pem does not exist. The SMPP server waits for it"
    )
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("not a certificate")
        (tmp_path / name).chmod(0o600)
    (problem,) = missing(api)
    assert problem.startswith("line 3: api.tls_cert: ")
    assert "are not a certificate and its key in PEM without a password" in problem


def test_a_good_certificate_is_good(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    shutil.copyfile(PEM, key)
    key.chmod(0o600)
    api = f'[api]\nlisten = "127.0.0.1:8775"\ntls_cert = "{PEM}"\ntls_key = "{key}"\n'
    assert missing(api) == []
    key.chmod(0o640)
    assert missing(api) == [
        f"line 4: api.tls_key: other users can read {key}. Run: sudo chown gsmgw {key}; sudo chmod 600 {key}"
    ]


def test_files_and_programs_of_modems_and_hooks(tmp_path: Path) -> None:
    modem = f'[[modem]]\nname = "office"\nport = "/dev/x"\npin_file = "{tmp_path}/pin"\n'
    assert missing(modem) == [
        f"line 4: modem.pin_file: {tmp_path}/pin does not exist. Write the PIN of modem 'office' into it: 4 to 8 digits"
    ]
    (tmp_path / "pin").write_text("sesame\n")
    (tmp_path / "pin").chmod(0o600)
    (problem,) = missing(modem)
    assert problem == f"line 4: modem.pin_file: {tmp_path}/pin must contain 4 to 8 digits and nothing else"
    assert "sesame" not in problem
    (tmp_path / "pin").write_text("1234\n")
    assert missing(modem) == []
    assert missing('[[modem]]\nname = "a"\nport = "/dev/x"\npower_command = ["no-such-program"]\n') == [
        "line 4: modem.power_command: the program 'no-such-program' is not in PATH. Install it, or name its whole path"
    ]
    hook = f'[[hook]]\nname = "a"\ncommand = ["{tmp_path}/run", "x"]\n'
    assert missing(hook) == [f"line 3: hook.command: {tmp_path}/run does not exist. Create it, or correct the path"]
    (tmp_path / "run").write_text("#!/bin/sh\n")
    assert missing(hook) == [
        f"line 3: hook.command: {tmp_path}/run is not executable. Run: sudo chmod +x {tmp_path}/run"
    ]
    (tmp_path / "run").chmod(0o755)
    assert missing(hook) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_another_user_is_not_called_missing(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "pin").write_text("1234")
    (tmp_path / "gsmgw.toml").write_text(f'[[modem]]\nname = "a"\nport = "/dev/x"\npin_file = "{closed}/pin"\n')
    closed.chmod(0o000)
    try:
        assert load_checked(tmp_path / "gsmgw.toml").missing == []
    finally:
        closed.chmod(0o700)
