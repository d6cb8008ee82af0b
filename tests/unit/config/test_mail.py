"""The section [mail]: what does not fit together is refused with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gsmgw.config import parse_config
from gsmgw.config.mail import MailSection
from gsmgw.config.surroundings import check_surroundings

PEM = {"tls_cert": Path("/c"), "tls_key": Path("/k")}


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"listen": "0.0.0.0:8725"}, "needs tls_cert and tls_key"),
        ({"listen": "gate.example:25"}, "needs tls_cert"),
        ({"tls_cert": Path("/c")}, "must be set together"),
        (PEM, "needs a listener"),
        ({"listen": "127.0.0.1:25", "listen_tls": "implicit"}, "needs tls_cert"),
        ({"to": ["ann@x.example"]}, "to needs sender"),
        ({"to": ["ann"]}, "e-mail address"),
        ({"sender": "a@b\r\nBcc: c@d"}, "e-mail address"),
        ({"domain": "a b"}, "domain"),
        ({"server": "smtp://x"}, "host"),
        ({"username": "x"}, "must be set together"),
        ({"username": "x", "password_file": Path("/p"), "tls": "none", "server": "mail.example"}, "clear text"),
        ({"subject": "all"}, "none"),
    ],
)
def test_what_does_not_fit_together(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        MailSection.model_validate(section)


def test_the_port_and_tls_of_the_server() -> None:
    def found(**section: Any) -> tuple[str, int]:
        mail = MailSection(**section)
        return mail.server_tls, mail.server_port

    assert found() == ("none", 25)
    assert found(server="mail.example") == ("starttls", 587)
    assert found(server="mail.example", tls="implicit") == ("implicit", 465)
    assert found(server="::1", port=2525) == ("none", 2525)
    assert MailSection(listen="[::1]:8725").listen == "[::1]:8725"
    assert MailSection(listen="0.0.0.0:8725", **PEM).tls_key == Path("/k")


def test_files_that_are_missing_or_exposed(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("x")
    password.chmod(0o644)
    text = (
        f'[mail]\nlisten = "0.0.0.0:8725"\ntls_cert = "{tmp_path}/cert"\ntls_key = "{tmp_path}/key"\n'
        f'server = "mail.example"\nusername = "x"\npassword_file = "{password}"\n'
    )
    missing = check_surroundings(parse_config(text), text).missing
    assert any("mail.tls_cert" in each and "does not exist" in each for each in missing)
    assert any("mail.password_file" in each and "other users can read" in each for each in missing)
