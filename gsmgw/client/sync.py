"""The blocking transport."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeVar

import httpx

from gsmgw.client import audience_calls, calls, management_calls, procedures, user_calls
from gsmgw.client.calls import Call, named
from gsmgw.client.errors import LOST, NoDaemon, checked
from gsmgw.client.framing import Lines
from gsmgw.client.options import DEFAULT_SOCKET, STREAM_TIMEOUT, no_tls, options, where
from gsmgw.client.procedures import Attempts, Following, Reading, Walk, arguments

if TYPE_CHECKING:  # importing these takes most of the time of a command
    from gsmgw.wire import resources

P = ParamSpec("P")
T = TypeVar("T")


def _lines(answer: httpx.Response) -> Iterator[str]:
    lines = Lines()
    for octets in answer.iter_bytes():
        yield from lines.feed(octets)
    yield from lines.end()


def _does(describe: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.do(describe(*args, **kwargs))

    return named(method, describe)


def _lists(describe: Callable[P, Walk[T]]) -> Callable[Concatenate[Client, P], Iterator[T]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        walk = describe(*args, **kwargs)
        while (call := walk.next()) is not None:
            yield from walk.take(self.do(call))

    return named(method, describe)


def _reads(describe: Callable[P, Reading]) -> Callable[Concatenate[Client, P], Iterator[str]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[str]:
        reading = describe(*args, **kwargs)
        try:
            with self._stream(reading.call, reading.timeout) as answer:
                yield from _lines(answer) if reading.by_line else answer.iter_text()
        except LOST as exc:
            raise NoDaemon(self.where, str(exc)) from exc

    return named(method, describe)


def _follows(describe: Callable[P, Following]) -> Callable[Concatenate[Client, P], Iterator[resources.Event]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[resources.Event]:
        following = describe(*args, **kwargs)
        while True:
            cause: Exception | None = None
            try:
                with self._stream(following.connect(), STREAM_TIMEOUT) as answer:
                    for line in _lines(answer):
                        event = following.line(line)
                        if event is not None:
                            yield event
            except LOST as exc:
                cause = exc
            pause_s = following.broken(cause, self.where)
            if pause_s is None:
                return
            time.sleep(pause_s)

    return named(method, describe)


class Client:
    """The blocking client. Give ``socket``, a path, or ``url``, ``token`` and ``ca_file`` for the TCP listener."""

    def __init__(
        self,
        socket: str | Path | None = DEFAULT_SOCKET,
        *,
        url: str | None = None,
        token: str | None = None,
        ca_file: str | Path | None = None,
    ) -> None:
        self.where = where(socket, url)
        transport = None if url else httpx.HTTPTransport(uds=str(socket), verify=no_tls())
        self._http = httpx.Client(transport=transport, **options(url, token, ca_file))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def do(self, call: Call[T]) -> T:
        """Make a call."""
        attempts = Attempts(call, self.where)
        while True:
            try:
                answer = self._http.request(**arguments(call))
                return call.pick(checked(answer, self.where))
            except httpx.TransportError as exc:
                time.sleep(attempts.pause_s(exc))

    request = _does(calls.request)
    send = _does(calls.send)
    send_many = _does(calls.send_many)
    preview = _does(calls.preview)
    preview_many = _does(calls.preview_many)
    message = _does(calls.message)
    page = _does(calls.page)
    conversation_page = _does(user_calls.conversation_page)
    conversation = _does(user_calls.conversation)
    update_conversation = _does(user_calls.update_conversation)
    add_note = _does(user_calls.add_note)
    quarantine_page = _does(calls.quarantine_page)
    reread_quarantine = _does(calls.reread_quarantine)
    audit_page = _does(calls.audit_page)
    optout_page = _does(calls.optout_page)
    suspect_page = _does(calls.suspect_page)
    consent = _does(calls.consent)
    opt_out = _does(calls.opt_out)
    end_opt_out = _does(calls.end_opt_out)
    import_opt_outs = _does(calls.import_opt_outs)
    decide_suspect = _does(calls.decide_suspect)
    consent_lists = _does(calls.consent_lists)
    put_consent_list = _does(calls.put_consent_list)
    delete_consent_list = _does(calls.delete_consent_list)
    act = _does(calls.act)
    wait = _does(calls.wait)
    modems = _does(calls.modems)
    modem = _does(calls.modem)
    modem_history = _does(calls.modem_history)
    stats = _does(calls.stats)
    statistics = _does(calls.statistics)
    sign_in = _does(user_calls.sign_in)
    setup = _does(user_calls.setup)
    create_setup_code = _does(user_calls.create_setup_code)
    set_up = _does(user_calls.set_up)
    users = _does(user_calls.users)
    user = _does(user_calls.user)
    create_user = _does(user_calls.create_user)
    change_user = _does(user_calls.change_user)
    delete_user = _does(user_calls.delete_user)
    sessions = _does(user_calls.sessions)
    end_session = _does(user_calls.end_session)
    answers = _does(user_calls.answers)
    assignees = _does(user_calls.assignees)
    put_answer = _does(user_calls.put_answer)
    delete_answer = _does(user_calls.delete_answer)
    export_person = _does(calls.export_person)
    erase_person = _does(calls.erase_person)
    reload = _does(calls.reload)
    health = _does(management_calls.health)
    integrations = _does(management_calls.integrations)
    webhooks = _does(management_calls.webhooks)
    webhook = _does(management_calls.webhook)
    create_webhook = _does(management_calls.create_webhook)
    change_webhook = _does(management_calls.change_webhook)
    delete_webhook = _does(management_calls.delete_webhook)
    pause_webhook = _does(management_calls.pause_webhook)
    resume_webhook = _does(management_calls.resume_webhook)
    test_webhook = _does(management_calls.test_webhook)
    rotate_webhook_secret = _does(management_calls.rotate_webhook_secret)
    replay_webhook = _does(management_calls.replay_webhook)
    webhook_delivery_page = _does(management_calls.webhook_delivery_page)
    webhook_delivery = _does(management_calls.webhook_delivery)
    tokens = _does(management_calls.tokens)
    create_token = _does(management_calls.create_token)
    revoke_token = _does(management_calls.revoke_token)
    backups = _does(management_calls.backups)
    create_backup = _does(management_calls.create_backup)
    configuration = _does(management_calls.configuration)
    contact = _does(audience_calls.contact)
    contact_page = _does(audience_calls.contact_page)
    create_contact = _does(audience_calls.create_contact)
    put_contact = _does(audience_calls.put_contact)
    change_contact = _does(audience_calls.change_contact)
    delete_contact = _does(audience_calls.delete_contact)
    merge_contacts = _does(audience_calls.merge_contacts)
    import_contacts = _does(audience_calls.import_contacts)
    undo_import = _does(audience_calls.undo_import)
    preview_segment = _does(audience_calls.preview_segment)
    fields = _does(audience_calls.fields)
    put_field = _does(audience_calls.put_field)
    delete_field = _does(audience_calls.delete_field)
    groups = _does(audience_calls.groups)
    group = _does(audience_calls.group)
    create_group = _does(audience_calls.create_group)
    change_group = _does(audience_calls.change_group)
    delete_group = _does(audience_calls.delete_group)
    group_member_page = _does(audience_calls.group_member_page)
    add_to_group = _does(audience_calls.add_to_group)
    remove_from_group = _does(audience_calls.remove_from_group)
    templates = _does(audience_calls.templates)
    template = _does(audience_calls.template)
    create_template = _does(audience_calls.create_template)
    put_template = _does(audience_calls.put_template)
    delete_template = _does(audience_calls.delete_template)
    preview_template = _does(audience_calls.preview_template)
    rules = _does(audience_calls.rules)
    rule = _does(audience_calls.rule)
    create_rule = _does(audience_calls.create_rule)
    put_rule = _does(audience_calls.put_rule)
    delete_rule = _does(audience_calls.delete_rule)
    try_rules = _does(audience_calls.try_rules)
    campaigns = _does(audience_calls.campaigns)
    campaign_page = _does(audience_calls.campaign_page)
    campaign = _does(audience_calls.campaign)
    create_campaign = _does(audience_calls.create_campaign)
    put_campaign = _does(audience_calls.put_campaign)
    delete_campaign = _does(audience_calls.delete_campaign)
    review_campaign = _does(audience_calls.review_campaign)
    start_campaign = _does(audience_calls.start_campaign)
    act_on_campaign = _does(audience_calls.act_on_campaign)
    campaign_runs = _does(audience_calls.campaign_runs)
    retry_campaign = _does(audience_calls.retry_campaign)
    campaign_recipient_page = _does(audience_calls.campaign_recipient_page)
    campaign_results = _does(audience_calls.campaign_results)
    drips = _does(audience_calls.drips)
    drip = _does(audience_calls.drip)
    create_drip = _does(audience_calls.create_drip)
    put_drip = _does(audience_calls.put_drip)
    delete_drip = _does(audience_calls.delete_drip)
    act_on_drip = _does(audience_calls.act_on_drip)
    enroll_in_drip = _does(audience_calls.enroll_in_drip)
    drip_people_page = _does(audience_calls.drip_people_page)
    remove_from_drip = _does(audience_calls.remove_from_drip)
    contact_drips = _does(audience_calls.contact_drips)
    question_page = _does(audience_calls.question_page)
    close_question = _does(audience_calls.close_question)
    messages = _lists(procedures.messages)
    conversations = _lists(procedures.conversations)
    quarantine = _lists(procedures.quarantine)
    audit = _lists(procedures.audit)
    optouts = _lists(procedures.optouts)
    suspects = _lists(procedures.suspects)
    contacts = _lists(audience_calls.contacts)
    campaign_recipients = _lists(audience_calls.campaign_recipients)
    drip_people = _lists(audience_calls.drip_people)
    questions = _lists(audience_calls.questions)
    group_members = _lists(audience_calls.group_members)
    export_campaign_results = _reads(audience_calls.export_campaign_results)
    export_contacts = _reads(audience_calls.export_contacts)
    export = _reads(procedures.export)
    lines = _reads(procedures.lines)
    tap = _reads(procedures.tap)
    events = _follows(procedures.events)

    @contextmanager
    def _stream(self, call: Call[str], timeout: httpx.Timeout) -> Iterator[httpx.Response]:
        with self._http.stream(call.method, call.path, params=call.params, timeout=timeout) as answer:
            if not answer.is_success:
                answer.read()
                checked(answer, self.where)
            yield answer
