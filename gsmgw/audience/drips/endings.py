"""Ends drips because of what a person says."""

from __future__ import annotations

from gsmgw.model import Block
from gsmgw.model.drips import DripEnd, Follower, SavedDrip
from gsmgw.store import Tx, consent, drip_people, drips


def end_all(tx: Tx, now_ms: int, number: str, reason: DripEnd) -> list[tuple[int, str]]:
    """End the drips of a number that an answer ends. Return the messages that were canceled, with the number."""
    return [
        canceled
        for saved, person in _active(tx, number)
        if saved.drip.ends_on_answer
        for canceled in drip_people.end(tx, now_ms, saved, person, reason)
    ]


def end_blocked(tx: Tx, now_ms: int, number: str) -> list[tuple[int, str]]:
    """End the drips of a number that it opted out of. Return the messages that were canceled, with the number."""
    active = _active(tx, number)
    if not active:
        return []
    query = tx.all
    person_id = consent.person_of(consent.secret_of(query), number)
    standings = consent.standings_of(query, [person_id]).get(person_id, {})
    blocks = consent.blocks_of(query)
    return [
        canceled
        for saved, person in active
        if consent.block_of(standings, saved.drip.purpose, saved.drip.list, blocks) is Block.OPTED_OUT
        for canceled in drip_people.end(tx, now_ms, saved, person, DripEnd.OPTED_OUT)
    ]


def _active(tx: Tx, number: str) -> list[tuple[SavedDrip, Follower]]:
    people = drip_people.active_of(tx, number)
    if not people:
        return []
    known = {saved.id: saved for saved in drips.load_all(tx)}
    return [(known[each.drip_id], each) for each in people if each.drip_id in known]
