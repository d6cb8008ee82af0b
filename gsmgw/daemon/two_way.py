"""The parts that know people: contacts, consent, questions, rules, campaigns and follow-ups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from gsmgw.audience.campaigns.desk import Campaigns
from gsmgw.audience.campaigns.runner import CampaignRunner
from gsmgw.audience.consent.desk import ConsentDesk
from gsmgw.audience.drips.desk import Drips
from gsmgw.audience.drips.runner import DripRunner
from gsmgw.audience.questions.desk import Questions
from gsmgw.audience.service import Audience
from gsmgw.automation.rules import Rules, claim
from gsmgw.automation.runner import Automation
from gsmgw.config import Config
from gsmgw.daemon.settings import consent_settings, prices_of
from gsmgw.dispatch import EventFeed
from gsmgw.outbound import MessageService, Scheduler
from gsmgw.patterns import PatternRunner
from gsmgw.ports import Clock
from gsmgw.store import Store


class TwoWay:
    """These parts, put together over the message service; nothing runs yet. ``config`` is the one in effect."""

    def __init__(
        self,
        config: Callable[[], Config],
        store: Store,
        clock: Clock,
        feed: EventFeed,
        service: MessageService,
        scheduler: Scheduler,
        modems: Collection[str],
        own_numbers: Callable[[], set[str]],
    ) -> None:
        def country() -> str | None:
            return config().gateway.country

        def language() -> str:
            return self.consent.receiver.settings.language

        self._config = config
        self.patterns = PatternRunner()
        self.audience = Audience(store, clock, country)
        self.questions = Questions(store, clock, self.audience, country, language)
        self.consent = ConsentDesk(
            store, clock, service, consent_settings(config()), claims=[claim, self.questions.claim]
        )
        self.rules = Rules(store, clock, self.audience, self.consent, self.patterns, modems, self.questions)
        self.campaigns = Campaigns(
            store,
            clock,
            self.audience,
            service,
            modems,
            scheduler,
            lambda: prices_of(config()),
            country,
            self.questions,
        )
        self.drips = Drips(store, clock, self.audience, service, country)
        self._drip_runner = DripRunner(store, clock, self.audience, service, self.drips)
        self._automation = Automation(
            store,
            clock,
            feed,
            service,
            self.rules,
            self.patterns,
            self.audience,
            self.questions,
            own_numbers,
            self._drip_runner.wake,
        )
        self._campaign_runner = CampaignRunner(store, clock, service, self.campaigns)
        self._campaign_runner.enrolled = self._drip_runner.wake

    async def prepare(self) -> None:
        """Apply the configuration of consent, and finish the imports that were interrupted."""
        config = self._config()
        await self.consent.reconfigure(consent_settings(config), config.consent.blocks)
        await self.audience.imports.recover()

    def tasks(self) -> Sequence[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return what runs beside the queue, by name."""
        return (
            ("rules", self._automation.run),
            ("drips", self._drip_runner.run),
            ("campaigns", self._campaign_runner.run),
        )

    async def close(self) -> None:
        """End the process that searches with the patterns of users."""
        await self.patterns.close()
