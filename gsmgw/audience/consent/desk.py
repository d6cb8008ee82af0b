"""Consent as people manage it: opt-outs, suspicions, lists, and the trail of a number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gsmgw.audience.consent.receiving import Claim, ConsentReceiver, ConsentSettings
from gsmgw.audience.consent.words import normalise
from gsmgw.errors import GsmgwError
from gsmgw.model import EVERYTHING, ConsentAction, ConsentState
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound import MessageService
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, consent, consent_changes, consent_lists, consent_reads
from gsmgw.store.consent_changes import Change
from gsmgw.store.consent_lists import ConsentList
from gsmgw.wire.problems import ProblemCode


class ConsentError(GsmgwError):
    """A request about consent that cannot be carried out. ``field`` is the wrong one."""

    def __init__(self, code: ProblemCode, field: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.field, self.detail = code, field, detail


#: Numbers in one transaction of an import: sending waits for it.
PORTION = 100
#: The name of a list: it goes into paths and texts.
_LIST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of an import: numbers opted out now, and before; errors by place."""

    imported: int
    unchanged: int
    errors: list[tuple[int, str]]


class ConsentDesk:
    """Manages consent on behalf of people, and lets received texts change it (``receiver``)."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        service: MessageService,
        settings: ConsentSettings,
        claims: Sequence[Claim] = (),
    ) -> None:
        self._store = store
        self._clock = clock
        self._service = service
        self.receiver = ConsentReceiver(service, settings, claims)

    async def reconfigure(self, settings: ConsentSettings, blocks: Iterable[str]) -> None:
        """Use other settings from now on."""
        self.receiver.settings = settings
        await self._store.write(lambda tx: consent.set_blocks(tx, blocks))

    # -- opt-outs -------------------------------------------------------------------------------------------------

    async def optouts(self, name: str | None, before: int | None, limit: int) -> list[consent_reads.OptOut]:
        """Return opt-outs, newest number first."""
        return await self._store.read(lambda db: consent_reads.optouts(db, name, before, limit))

    async def add(self, number: str, name: str, reason: str | None) -> consent_reads.Person:
        """Opt a number out by hand."""
        return await self._decide(number, name, ConsentState.OUT, reason)

    async def remove(self, number: str, name: str, reason: str | None) -> consent_reads.Person | None:
        """End an opt-out by hand. Return None if the number had not opted out of the list."""
        known = await self.person(number)
        if not any(each.list == name and each.state is ConsentState.OUT for each in known.standings):
            return None
        return await self._decide(number, name, ConsentState.IN, reason)

    async def person(self, number: str) -> consent_reads.Person:
        """Return the present consent of a number and its trail."""
        to = self.number_of(number)
        return await self._store.read(lambda db: consent_reads.person(db, to))

    async def import_numbers(
        self, numbers: Sequence[str], name: str, reason: str | None, *, dry_run: bool = False
    ) -> Imported:
        """Opt numbers out, some in each transaction. Numbers that are not valid are reported by their place."""
        valid: dict[str, None] = {}
        errors: list[tuple[int, str]] = []
        for row, number in enumerate(numbers):
            try:
                valid[self.number_of(number)] = None
            except ConsentError as exc:
                errors.append((row, exc.detail))
        now_ms, what = self._clock.wall_ms(), Change(ConsentAction.IMPORT, ConsentState.OUT, "import", reason=reason)

        wanted, fresh = list(valid), 0
        for at in range(0, max(len(wanted), 1), PORTION):
            done = await self._store.write(
                partial(
                    self._import, now_ms=now_ms, numbers=wanted[at : at + PORTION], name=name, what=what, dry=dry_run
                ),
                None if dry_run else self._take_back,
            )
            fresh += len(done)
        return Imported(fresh, len(wanted) - fresh, errors)

    def _take_back(self, opted_out: Sequence[tuple[str, list[int]]]) -> None:
        """Tell the queue of numbers that opted out, each with what was canceled."""
        for number, canceled in opted_out:
            self._service.opted_out(number, canceled)

    def _import(
        self, tx: Tx, now_ms: int, numbers: Sequence[str], name: str, what: Change, *, dry: bool
    ) -> list[tuple[str, list[int]]]:
        """Opt out those numbers that have not; return them, each with what was canceled."""
        self._require_list(tx, name)
        fresh = [number for number in numbers if not consent_changes.is_out(tx, number, name)]
        return [(number, [] if dry else consent_changes.change(tx, now_ms, number, name, what)) for number in fresh]

    # -- suspicions -----------------------------------------------------------------------------------------------

    async def suspicions(self, before: int | None, limit: int) -> list[consent_reads.Suspicion]:
        """Return what a person has to decide, newest number first."""
        return await self._store.read(lambda db: consent_reads.suspicions(db, before, limit))

    async def decide(self, number: str, *, opt_out: bool, reason: str | None) -> consent_reads.Person | None:
        """Decide about a suspect. Return None if the number is not one."""
        to, now_ms = self.number_of(number), self._clock.wall_ms()
        known = await self._store.read(lambda db: consent_reads.person(db, to))
        if not any(each.suspected_ms is not None for each in known.standings):
            return None
        if opt_out:
            return await self._decide(to, EVERYTHING, ConsentState.OUT, reason)
        what = Change(ConsentAction.MANUAL, None, "api", reason=reason or "not an opt-out")
        await self._store.write(
            lambda tx: consent_changes.dismiss(tx, now_ms, to, what), lambda _: self._service.look_again(now_ms)
        )
        return await self._store.read(lambda db: consent_reads.person(db, to))

    # -- lists ----------------------------------------------------------------------------------------------------

    async def lists(self) -> list[ConsentList]:
        """Return all lists by name."""
        return await self._store.read(lambda db: consent_lists.all_lists(consent.on(db)))

    async def get_list(self, name: str) -> ConsentList | None:
        """Return a list."""
        return await self._store.read(lambda db: consent_lists.get(consent.on(db), name))

    async def put_list(self, wanted: ConsentList) -> ConsentList:
        """Create or replace a list. Raises :class:`ConsentError` for a name or keyword that cannot be used."""
        if not _LIST_NAME.fullmatch(wanted.name):
            detail = f"{wanted.name!r} is not a valid name: use letters, digits, dots, hyphens and underscores"
            raise ConsentError(ProblemCode.INVALID_REQUEST, "name", detail)
        now_ms = self._clock.wall_ms()

        def put(tx: Tx) -> ConsentList:
            self._require_free(tx, wanted)
            consent_lists.put(tx, replace(wanted, created_ms=now_ms))
            return consent_lists.get(tx.all, wanted.name) or wanted

        return await self._store.write(put)

    async def delete_list(self, name: str) -> bool:
        """Delete a list. The opt-outs of it are kept."""
        return await self._store.write(lambda tx: consent_lists.delete(tx, name))

    def _require_free(self, tx: Tx, wanted: ConsentList) -> None:
        """Raise :class:`ConsentError` for a keyword that is empty, or means another list."""
        taken = {
            normalise(word): other.name
            for other in consent_lists.all_lists(tx.all)
            if other.name != wanted.name
            for word in (other.name, *other.keywords)
        }
        for word in (wanted.name, *wanted.keywords):
            words = normalise(word)
            if not words:
                raise ConsentError(ProblemCode.INVALID_REQUEST, "keywords", f"{word!r} has neither letters nor digits")
            if words in taken:
                raise ConsentError(
                    ProblemCode.INVALID_REQUEST, "keywords", f"{word!r} means the list {taken[words]!r} already"
                )

    async def _decide(self, number: str, name: str, state: ConsentState, reason: str | None) -> consent_reads.Person:
        to, now_ms = self.number_of(number), self._clock.wall_ms()
        what = Change(ConsentAction.MANUAL, state, "api", reason=reason)

        def change(tx: Tx) -> list[int]:
            self._require_list(tx, name)
            return consent_changes.change(tx, now_ms, to, name, what)

        def tell(canceled: list[int]) -> None:
            if state is ConsentState.OUT:
                self._service.opted_out(to, canceled)

        await self._store.write(change, tell)
        return await self._store.read(lambda db: consent_reads.person(db, to))

    def number_of(self, number: str) -> str:
        """Return a number in E.164. Raises :class:`ConsentError`."""
        try:
            return parse_recipient(number, self.receiver.settings.country)
        except NumberError as exc:
            raise ConsentError(ProblemCode.INVALID_NUMBER, "number", f"{number!r} {exc}") from None

    def _require_list(self, tx: Tx, name: str) -> None:
        known = consent_lists.names(tx.all)
        if name != EVERYTHING and name not in known:
            raise ConsentError(ProblemCode.UNKNOWN_LIST, "list", consent_lists.unknown(name, known))
