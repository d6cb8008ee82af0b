"""Checks a whole configuration before the gateway starts: its text, the profiles that it names, and this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gsmgw.config import Config, parse_config, read_text
from gsmgw.config.lines import Lines
from gsmgw.config.surroundings import check_surroundings
from gsmgw.errors import ConfigError, Unavailable
from gsmgw.modem.profiles.overlay import MODEM_PROFILE, profiles_of


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration that the gateway starts with, and what is missing on this machine, with lines and cures."""

    config: Config
    missing: list[str]


def load_checked(path: Path) -> Checked:
    """Load and check a file. Raises :class:`ConfigError` with everything that keeps the gateway from starting."""
    return parse_checked(read_text(path), str(path))


def parse_checked(text: str, source: str) -> Checked:
    """Do the same for a text. ``source`` names it in errors."""
    config = parse_config(text, source)
    found = check_surroundings(config, text)
    problems = list(found.refused)
    try:
        profiles_of(config, Lines(text))
    except Unavailable:
        raise
    except ConfigError as exc:
        of_file = "" if exc.source == MODEM_PROFILE else f"{exc.source}: "
        problems += [f"{of_file}{problem}" for problem in exc.problems]
    if problems:
        raise ConfigError(source, problems)
    return Checked(config, found.missing)
