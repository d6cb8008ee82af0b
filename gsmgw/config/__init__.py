"""The configuration file: TOML in, validated values out; all problems are reported at once, with line numbers."""

from __future__ import annotations

from gsmgw.config.bridges import CompatSection
from gsmgw.config.confidential import HIDDEN, Confidential, confidential_values, holds_secrets, redacted
from gsmgw.config.events import HookSection, WebhooksSection
from gsmgw.config.fields import known_country
from gsmgw.config.file import Config
from gsmgw.config.modems import LimitsSection, MatchSection, ModemSection
from gsmgw.config.reading import load_config, not_utf8, parse_config, read_text
from gsmgw.config.service import RetentionSection
from gsmgw.config.smpp import SmppSection

__all__ = [
    "HIDDEN",
    "CompatSection",
    "Confidential",
    "Config",
    "HookSection",
    "LimitsSection",
    "MatchSection",
    "ModemSection",
    "RetentionSection",
    "SmppSection",
    "WebhooksSection",
    "confidential_values",
    "holds_secrets",
    "known_country",
    "load_config",
    "not_utf8",
    "parse_config",
    "read_text",
    "redacted",
]
