"""The methods of both clients, once: each is the description of a request or a procedure.

Type checkers see the arguments of the description, and a result by the client: ``send`` returns a message in
:class:`gsmgw.client.Client`, and a coroutine with the message in :class:`gsmgw.client.AsyncClient`.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import cache
from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar, overload

from gsmgw.client import audience_calls, calls, management_calls, procedures, user_calls

if TYPE_CHECKING:  # importing these takes most of the time of a command
    from gsmgw.client.calls import Call
    from gsmgw.client.procedures import Following, Reading, Walk
    from gsmgw.wire import resources

P = ParamSpec("P")
T = TypeVar("T")
#: The result in the blocking client and in the asyncio client.
B = TypeVar("B")
A = TypeVar("A")
#: Makes a client's method of a description.
Maker = Callable[[Callable[..., Any]], Callable[..., Any]]


class Method(Generic[P, B, A]):
    """A method of both clients."""

    def __init__(self, kind: str, describe: Callable[P, object]) -> None:
        self._kind = kind
        self._describe = describe

    @overload
    def __get__(self, client: BlockingMethods, owner: type[BlockingMethods]) -> Callable[P, B]: ...
    @overload
    def __get__(self, client: AsyncMethods, owner: type[AsyncMethods]) -> Callable[P, A]: ...
    @overload
    def __get__(self, client: None, owner: type[BlockingMethods]) -> Callable[Concatenate[BlockingMethods, P], B]: ...
    @overload
    def __get__(self, client: None, owner: type[AsyncMethods]) -> Callable[Concatenate[AsyncMethods, P], A]: ...

    def __get__(self, client: Methods | None, owner: type[Methods]) -> Callable[..., Any]:
        function = _made(owner._makers[self._kind], self._describe)
        return function if client is None else MethodType(function, client)


@cache
def _made(make: Maker, describe: Callable[..., Any]) -> Callable[..., Any]:
    """Return a client's method with the name, the docstring and the arguments of the description."""
    method: Any = make(describe)
    method.__name__, method.__doc__ = describe.__name__, describe.__doc__
    signature = inspect.signature(describe)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [itself, *signature.parameters.values()]
    method.__signature__ = signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)
    found: Callable[..., Any] = method
    return found


def does(describe: Callable[P, Call[T]]) -> Method[P, T, Coroutine[Any, Any, T]]:
    """Return the method that makes a call."""
    return Method("does", describe)


def lists(describe: Callable[P, Walk[T]]) -> Method[P, Iterator[T], AsyncIterator[T]]:
    """Return the method that yields the entries of all pages."""
    return Method("lists", describe)


def reads(describe: Callable[P, Reading]) -> Method[P, Iterator[str], AsyncIterator[str]]:
    """Return the method that yields a streamed answer."""
    return Method("reads", describe)


def follows(describe: Callable[P, Following]) -> Method[P, Iterator[resources.Event], AsyncIterator[resources.Event]]:
    """Return the method that yields events."""
    return Method("follows", describe)


class Methods:
    """The methods of both clients."""

    #: Makes a client's method, by the kind of the description.
    _makers: ClassVar[dict[str, Maker]]

    request = does(calls.request)
    send = does(calls.send)
    send_many = does(calls.send_many)
    preview = does(calls.preview)
    preview_many = does(calls.preview_many)
    message = does(calls.message)
    page = does(calls.page)
    conversation_page = does(user_calls.conversation_page)
    conversation = does(user_calls.conversation)
    update_conversation = does(user_calls.update_conversation)
    add_note = does(user_calls.add_note)
    quarantine_page = does(calls.quarantine_page)
    reread_quarantine = does(calls.reread_quarantine)
    audit_page = does(calls.audit_page)
    optout_page = does(calls.optout_page)
    suspect_page = does(calls.suspect_page)
    consent = does(calls.consent)
    opt_out = does(calls.opt_out)
    end_opt_out = does(calls.end_opt_out)
    import_opt_outs = does(calls.import_opt_outs)
    decide_suspect = does(calls.decide_suspect)
    consent_lists = does(calls.consent_lists)
    put_consent_list = does(calls.put_consent_list)
    delete_consent_list = does(calls.delete_consent_list)
    act = does(calls.act)
    wait = does(calls.wait)
    modems = does(calls.modems)
    modem = does(calls.modem)
    modem_history = does(calls.modem_history)
    stats = does(calls.stats)
    statistics = does(calls.statistics)
    sign_in = does(user_calls.sign_in)
    setup = does(user_calls.setup)
    create_setup_code = does(user_calls.create_setup_code)
    set_up = does(user_calls.set_up)
    users = does(user_calls.users)
    user_page = does(user_calls.user_page)
    user = does(user_calls.user)
    create_user = does(user_calls.create_user)
    change_user = does(user_calls.change_user)
    delete_user = does(user_calls.delete_user)
    sessions = does(user_calls.sessions)
    end_session = does(user_calls.end_session)
    answers = does(user_calls.answers)
    assignees = does(user_calls.assignees)
    put_answer = does(user_calls.put_answer)
    delete_answer = does(user_calls.delete_answer)
    export_person = does(calls.export_person)
    erase_person = does(calls.erase_person)
    reload = does(calls.reload)
    health = does(management_calls.health)
    integrations = does(management_calls.integrations)
    fleet = does(management_calls.fleet)
    move_node = does(management_calls.move_node)
    webhooks = does(management_calls.webhooks)
    webhook_page = does(management_calls.webhook_page)
    webhook = does(management_calls.webhook)
    create_webhook = does(management_calls.create_webhook)
    change_webhook = does(management_calls.change_webhook)
    delete_webhook = does(management_calls.delete_webhook)
    pause_webhook = does(management_calls.pause_webhook)
    resume_webhook = does(management_calls.resume_webhook)
    test_webhook = does(management_calls.test_webhook)
    rotate_webhook_secret = does(management_calls.rotate_webhook_secret)
    replay_webhook = does(management_calls.replay_webhook)
    webhook_delivery_page = does(management_calls.webhook_delivery_page)
    webhook_delivery = does(management_calls.webhook_delivery)
    tokens = does(management_calls.tokens)
    token_page = does(management_calls.token_page)
    create_token = does(management_calls.create_token)
    revoke_token = does(management_calls.revoke_token)
    backups = does(management_calls.backups)
    create_backup = does(management_calls.create_backup)
    configuration = does(management_calls.configuration)
    contact = does(audience_calls.contact)
    contact_page = does(audience_calls.contact_page)
    create_contact = does(audience_calls.create_contact)
    put_contact = does(audience_calls.put_contact)
    change_contact = does(audience_calls.change_contact)
    delete_contact = does(audience_calls.delete_contact)
    merge_contacts = does(audience_calls.merge_contacts)
    import_contacts = does(audience_calls.import_contacts)
    undo_import = does(audience_calls.undo_import)
    preview_segment = does(audience_calls.preview_segment)
    fields = does(audience_calls.fields)
    put_field = does(audience_calls.put_field)
    delete_field = does(audience_calls.delete_field)
    groups = does(audience_calls.groups)
    group = does(audience_calls.group)
    create_group = does(audience_calls.create_group)
    change_group = does(audience_calls.change_group)
    delete_group = does(audience_calls.delete_group)
    group_member_page = does(audience_calls.group_member_page)
    add_to_group = does(audience_calls.add_to_group)
    remove_from_group = does(audience_calls.remove_from_group)
    templates = does(audience_calls.templates)
    template_page = does(audience_calls.template_page)
    template = does(audience_calls.template)
    create_template = does(audience_calls.create_template)
    put_template = does(audience_calls.put_template)
    delete_template = does(audience_calls.delete_template)
    preview_template = does(audience_calls.preview_template)
    rules = does(audience_calls.rules)
    rule_page = does(audience_calls.rule_page)
    rule = does(audience_calls.rule)
    create_rule = does(audience_calls.create_rule)
    put_rule = does(audience_calls.put_rule)
    delete_rule = does(audience_calls.delete_rule)
    try_rules = does(audience_calls.try_rules)
    campaigns = does(audience_calls.campaigns)
    campaign_page = does(audience_calls.campaign_page)
    campaign = does(audience_calls.campaign)
    create_campaign = does(audience_calls.create_campaign)
    put_campaign = does(audience_calls.put_campaign)
    delete_campaign = does(audience_calls.delete_campaign)
    review_campaign = does(audience_calls.review_campaign)
    start_campaign = does(audience_calls.start_campaign)
    act_on_campaign = does(audience_calls.act_on_campaign)
    campaign_runs = does(audience_calls.campaign_runs)
    retry_campaign = does(audience_calls.retry_campaign)
    campaign_recipient_page = does(audience_calls.campaign_recipient_page)
    campaign_results = does(audience_calls.campaign_results)
    drips = does(audience_calls.drips)
    drip = does(audience_calls.drip)
    create_drip = does(audience_calls.create_drip)
    put_drip = does(audience_calls.put_drip)
    delete_drip = does(audience_calls.delete_drip)
    act_on_drip = does(audience_calls.act_on_drip)
    enroll_in_drip = does(audience_calls.enroll_in_drip)
    drip_people_page = does(audience_calls.drip_people_page)
    remove_from_drip = does(audience_calls.remove_from_drip)
    contact_drips = does(audience_calls.contact_drips)
    question_page = does(audience_calls.question_page)
    close_question = does(audience_calls.close_question)
    messages = lists(procedures.messages)
    conversations = lists(procedures.conversations)
    quarantine = lists(procedures.quarantine)
    audit = lists(procedures.audit)
    optouts = lists(procedures.optouts)
    suspects = lists(procedures.suspects)
    contacts = lists(audience_calls.contacts)
    campaign_recipients = lists(audience_calls.campaign_recipients)
    drip_people = lists(audience_calls.drip_people)
    questions = lists(audience_calls.questions)
    group_members = lists(audience_calls.group_members)
    export_campaign_results = reads(audience_calls.export_campaign_results)
    export_contacts = reads(audience_calls.export_contacts)
    export = reads(procedures.export)
    lines = reads(procedures.lines)
    tap = reads(procedures.tap)
    events = follows(procedures.events)


class BlockingMethods(Methods):
    """The methods as they are in the blocking client."""


class AsyncMethods(Methods):
    """The methods as they are in the asyncio client."""
