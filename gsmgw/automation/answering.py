"""Automatic answers: accepted by the message service, and kept from running in circles by the guards."""

from __future__ import annotations

from collections.abc import Callable, Collection

from gsmgw.audience.consent.words import normalise
from gsmgw.automation.cases import Case, Effects, Refused
from gsmgw.automation.guards import (
    ANSWERS_IN_A_ROW,
    HOUR_MS,
    IDENTICAL_TEXTS,
    Suppressed,
    Traffic,
    answer_at_ms,
    check_answer,
)
from gsmgw.model import Purpose
from gsmgw.model.questions import Ask
from gsmgw.model.routes import like_last_time
from gsmgw.outbound import MessageService, Submission
from gsmgw.store import Tx, rules


class Answering:
    """Answers the sender of a text or a call. ``own_numbers`` returns those of our SIMs."""

    def __init__(self, service: MessageService, own_numbers: Callable[[], Collection[str]]) -> None:
        self._service = service
        self.own_numbers = own_numbers

    def reply(self, tx: Tx, case: Case, text: str, effects: Effects, ask: Ask | None = None) -> Refused | None:
        """Accept an answer through the SIM that was texted. Return why it is not sent."""
        number = case.incoming.sender
        traffic = _traffic(tx, case)
        if (why := check_answer(number, traffic, self.own_numbers())) is not None:
            return why, None
        at_ms = answer_at_ms(case.now_ms, traffic)
        wanted = Submission(number, text, send_at_ms=at_ms, purpose=Purpose.CONVERSATION, ask=ask)
        fresh = self._service.accept_own(tx, case.now_ms, wanted, like_last_time(case.incoming.modem))
        if not fresh:
            return Suppressed.OPTED_OUT, None
        rules.note_automatic(tx, fresh[0].id, at_ms or case.now_ms, answer=True)
        effects.fresh += fresh
        return None


def _traffic(tx: Tx, case: Case) -> Traffic:
    number, since_ms = case.incoming.sender, case.now_ms - HOUR_MS
    identical = 0
    if case.message_id is not None:
        text = normalise(case.incoming.text)
        recent = rules.recent_texts(tx, number, since_ms, IDENTICAL_TEXTS)
        identical = sum(normalise(each) == text for each in recent)
    return Traffic(
        answers_in_a_row=rules.answers_in_a_row(tx, number, ANSWERS_IN_A_ROW),
        identical_texts=identical,
        in_the_last_hour=rules.automatic_since(tx, since_ms),
        last_ms=rules.last_answer_ms(tx, number),
        to_campaign=rules.last_is_of_campaign(tx, number),
    )
