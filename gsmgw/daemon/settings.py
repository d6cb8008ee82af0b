"""Sections of the configuration as the parts want them."""

from __future__ import annotations

import re

from gsmgw.audience.consent.receiving import ConsentSettings
from gsmgw.audience.consent.replies import Replies, ReplyKind
from gsmgw.config import Config, LimitsSection
from gsmgw.inbound.one_time_code import one_time_code
from gsmgw.logs import LogSettings
from gsmgw.model import OnUnknown, Priority
from gsmgw.model.routes import to_modem, to_pool
from gsmgw.outbound import Allowance, Defaults, Limits, RouteTable, Rule, SendingTimes, Window
from gsmgw.prices import MICRO, Price, Prices
from gsmgw.store.text_expiry import Keep
from gsmgw.wire import resources


def limits_of(section: LimitsSection) -> Limits:
    """The sending limits of a modem or a pool."""
    return Limits(
        windows=section.windows(),
        by_message=section.count == "messages",
        urgent_reserve=section.urgent_reserve,
        recipients_per_day=section.recipients_per_day,
        min_gap_s=section.min_gap_s,
        gap_jitter_s=section.gap_jitter_s,
    )


def limit_use(allowance: Allowance) -> resources.LimitUse:
    """Return how much of a limit is used."""
    return {
        "owner": allowance.owner,
        "window_s": allowance.seconds,
        "unit": "recipients" if allowance.by_recipient else "messages" if allowance.by_message else "segments",
        "limit": allowance.limit,
        "used": allowance.limit - allowance.left,
    }


def log_settings(config: Config, level: str | None = None) -> LogSettings:
    """Return what is logged, and how. ``level`` goes before that of the configuration."""
    settings = config.gateway
    return LogSettings(level or settings.log_level, settings.log_format, settings.log_numbers)


def defaults_of(config: Config) -> Defaults:
    """Return what holds for messages that leave it open."""
    settings = config.gateway
    return Defaults(
        settings.country,
        settings.valid_for,
        settings.delivery_report,
        OnUnknown(settings.on_unknown),
        {client.name: OnUnknown(client.on_unknown) for client in config.client},
    )


def route_table(config: Config) -> RouteTable:
    """Which modems a message may take."""
    rules = [
        Rule(
            to_modem(route.modem) if route.modem is not None else to_pool(route.pool or ""),
            prefix=route.prefix,
            country=route.country,
            tag=route.tag,
            client=route.client,
            pattern=None if route.pattern is None else re.compile(route.pattern),
        )
        for route in config.route
    ]
    return RouteTable(rules, {pool.name: frozenset(pool.modems) for pool in config.pool})


def consent_settings(config: Config) -> ConsentSettings:
    """Return how received texts are read, and what is answered."""
    section, country = config.consent, config.gateway.country
    profile = section.profile or ("us" if country == "US" else "none")
    texts: dict[ReplyKind, dict[str, str]] = {
        "stop": section.stop_reply,
        "start": section.start_reply,
        "help": section.help_reply,
        "question": section.question,
    }
    # At a node, the hub answers: it knows the lists and what was agreed before.
    answers = section.replies and (config.fleet.url is None or config.fleet.hub)
    return ConsentSettings(
        country=country,
        profile=None if profile == "none" else profile,
        language=section.language,
        replies=Replies(section.name, texts) if answers else None,
    )


def keep_rules(config: Config) -> list[Keep]:
    """How long texts are kept."""
    return [Keep(each.keep_ms, each.purpose, each.tag, _has_code if each.codes else None) for each in config.keep]


def _has_code(text: str) -> bool:
    return one_time_code(text) is not None


def prices_of(config: Config) -> Prices:
    """The price list."""
    return Prices([Price(each.country, each.modem, round(each.per_segment * MICRO)) for each in config.price])


def sending_times(config: Config) -> SendingTimes:
    """When people may be texted."""
    section, hours = config.times, config.times.window()
    return SendingTimes(
        window=None if hours is None else Window(*hours),
        days=section.weekdays(),
        holidays=frozenset(section.holidays),
        classes=frozenset(Priority[name.upper()] for name in section.classes),
    )
