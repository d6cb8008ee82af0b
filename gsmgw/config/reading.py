"""Find and read the configuration file."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from gsmgw.config.explaining import explain, explain_toml
from gsmgw.config.file import Config
from gsmgw.errors import ConfigError, Unavailable


def load_config(path: Path) -> Config:
    """Read and validate a configuration file. Raises :class:`ConfigError` with every problem and its line."""
    return parse_config(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file. Raises :class:`ConfigError`."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise ConfigError(str(path), [not_utf8(exc)]) from None
    except OSError as exc:
        raise Unavailable(str(path), [f"cannot be read: {exc.strerror or exc}"]) from None


def not_utf8(exc: UnicodeDecodeError) -> str:
    """Return the error message for a file that is not valid UTF-8."""
    return f"is not valid UTF-8: byte 0x{exc.object[exc.start]:02x} at offset {exc.start}"


def parse_config(text: str, source: str = "configuration") -> Config:
    """Validate the text of a configuration file. Raises :class:`ConfigError`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(source, [explain_toml(exc, text)]) from None
    try:
        return Config.model_validate(raw)
    except ValidationError as exc:
        raise ConfigError(source, explain(exc, text)) from None
