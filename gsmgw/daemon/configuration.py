"""The configuration as the API shows it: what is in effect, where it comes from, what waits in the file."""

from __future__ import annotations

from pathlib import Path

from gsmgw.config import Config, parse_config, read_text
from gsmgw.config.shown import Shown, shown
from gsmgw.daemon.reloading import changes, is_live
from gsmgw.errors import ConfigError
from gsmgw.wire import resources


def configuration(config: Config, file: Path | None, log_level: str | None) -> resources.Configuration:
    """Return the settings in effect, without secrets. Reads the file again to find what waits in it.

    ``log_level`` is that of the option ``--log-level``, which goes before the file.
    """
    text, pending, problem = "", [], None
    if file is not None:
        try:
            text = read_text(file)
            pending = list(changes(config, parse_config(text, str(file))))
        except ConfigError as exc:
            problem = exc.problems[0]
    return {
        "file": None if file is None else str(file),
        "problem": problem,
        "pending": pending,
        "settings": [_setting(each, log_level) for each in shown(config, text)],
    }


def _setting(each: Shown, log_level: str | None) -> resources.Setting:
    parts = each.key.split(".")
    by_option = log_level is not None and each.key == "gateway.log_level"
    return {
        "key": each.key,
        "value": log_level if by_option else each.value,
        "source": "option" if by_option else "file" if each.is_set else "default",
        "line": each.line,
        "meaning": each.meaning,
        "live": any(is_live(".".join(parts[:count])) for count in range(1, len(parts) + 1)),
    }
