"""Shared parts of all pages: settings, files, languages, sessions, templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import jinja2

from gsmgw.web import segments, words
from gsmgw.web.assets import Assets
from gsmgw.web.languages import load_languages
from gsmgw.web.sessions import Sessions
from gsmgw.web.settings import WebSettings


class Site:
    """Everything that the pages share."""

    def __init__(self, settings: WebSettings, paths: frozenset[str], questions: Mapping[tuple[str, str], str]) -> None:
        self.settings = settings
        #: Questions before actions that cannot be undone, by the path of a route and the action of its form.
        self.questions = questions
        self._paths = paths
        self.assets = Assets()
        self.languages = load_languages()
        self.sessions = Sessions(settings.socket)
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.templates.globals.update(
            tones=words.TONE,
            modem_tones=words.MODEM_TONE,
            modem_advice=words.MODEM_ADVICE,
            modem_way=words.MODEM_WAY,
            modem_beside=words.MODEM_BESIDE,
            profile_reasons=words.PROFILE_REASON,
            limit_units=words.LIMIT_UNIT,
            limit_keys=words.LIMIT_KEY,
            registration_words=words.REGISTRATION,
            waiting_words=words.WAITING,
            event_words=words.EVENT,
            role_words=words.ROLE,
            match_words=words.MATCH,
            action_words=words.RULE_ACTION,
            campaign_words=words.CAMPAIGN,
            campaign_tones=words.CAMPAIGN_TONE,
            skipped_words=words.SKIPPED,
            consent_words=words.CONSENT,
            drip_words=words.DRIP_END,
            status_words=words.STATUS,
            built_in=segments.BUILT_IN,
            checks=segments.CHECKS,
            joins=segments.JOINS,
            units=segments.UNITS,
            fault_words=words.FAULT,
            webhook_words=words.WEBHOOK,
            webhook_tones=words.WEBHOOK_TONE,
            delivery_words=words.DELIVERY,
            delivery_tones=words.DELIVERY_TONE,
            scope_words=words.SCOPE,
        )

    def has(self, path: str) -> bool:
        """Return True if there is a page at a path."""
        return path in self._paths
