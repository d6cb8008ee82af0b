"""The operations of the API in the order of use: their groups, and the names that generated clients give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple


class Group(NamedTuple):
    """Operations that belong together: their title, one sentence, and their names by method and path."""

    title: str
    description: str
    operations: Mapping[str, str]


#: Each route has a name here. A test checks that.
GROUPS: Final = (
    Group(
        "messages",
        "Send messages, and see what became of them.",
        {
            "POST /v1/messages": "send_message",
            "POST /v1/messages/preview": "preview_message",
            "GET /v1/messages/{message_id}": "get_message",
            "GET /v1/messages": "list_messages",
            "POST /v1/messages/{message_id}/cancel": "cancel_message",
            "POST /v1/messages/{message_id}/retry": "retry_message",
            "POST /v1/messages/{message_id}/resolve": "resolve_message",
            "POST /v1/messages/batch": "send_batch",
            "POST /v1/messages/batch/preview": "preview_batch",
            "GET /v1/messages/export": "export_messages",
            "GET /v1/messages/wait": "wait_for_message",
        },
    ),
    Group(
        "conversations",
        "Read and answer together.",
        {
            "GET /v1/conversations": "list_conversations",
            "GET /v1/conversations/{peer}": "get_conversation",
            "PATCH /v1/conversations/{peer}": "update_conversation",
            "GET /v1/conversations/{peer}/notes": "list_notes",
            "POST /v1/conversations/{peer}/notes": "create_note",
            "DELETE /v1/conversations/{peer}/notes/{note_id}": "delete_note",
            "GET /v1/assignees": "list_assignees",
            "GET /v1/answers": "list_answers",
            "PUT /v1/answers/{name}": "put_answer",
            "DELETE /v1/answers/{name}": "delete_answer",
        },
    ),
    Group(
        "contacts",
        "Keep the people who are texted, in groups.",
        {
            "GET /v1/contacts": "list_contacts",
            "POST /v1/contacts": "create_contact",
            "GET /v1/contacts/{contact}": "get_contact",
            "PUT /v1/contacts/{contact}": "put_contact",
            "PATCH /v1/contacts/{contact}": "update_contact",
            "DELETE /v1/contacts/{contact}": "delete_contact",
            "POST /v1/contacts/{contact}/merge": "merge_contacts",
            "POST /v1/contacts/import": "import_contacts",
            "GET /v1/contacts/export": "export_contacts",
            "POST /v1/contacts/imports/{import_id}/undo": "undo_import",
            "GET /v1/fields": "list_fields",
            "GET /v1/fields/{name}": "get_field",
            "PUT /v1/fields/{name}": "put_field",
            "DELETE /v1/fields/{name}": "delete_field",
            "POST /v1/segments/preview": "preview_segment",
            "GET /v1/groups": "list_groups",
            "POST /v1/groups": "create_group",
            "GET /v1/groups/{name}": "get_group",
            "PATCH /v1/groups/{name}": "update_group",
            "DELETE /v1/groups/{name}": "delete_group",
            "GET /v1/groups/{name}/members": "list_group_members",
            "POST /v1/groups/{name}/members": "add_group_members",
            "PUT /v1/groups/{name}/members/{number}": "add_group_member",
            "DELETE /v1/groups/{name}/members/{number}": "remove_group_member",
        },
    ),
    Group(
        "consent",
        "Who may be texted: opt-outs, consent lists, and the trail of a number.",
        {
            "GET /v1/optouts": "list_optouts",
            "POST /v1/optouts": "add_optout",
            "POST /v1/optouts/import": "import_optouts",
            "GET /v1/optouts/{number}": "get_optout",
            "DELETE /v1/optouts/{number}": "remove_optout",
            "GET /v1/suspects": "list_suspects",
            "POST /v1/suspects/{number}": "decide_suspect",
            "GET /v1/consent/{number}": "get_consent",
            "GET /v1/lists": "list_consent_lists",
            "PUT /v1/lists/{name}": "put_consent_list",
            "GET /v1/lists/{name}": "get_consent_list",
            "DELETE /v1/lists/{name}": "delete_consent_list",
        },
    ),
    Group(
        "templates",
        "Save texts with fields.",
        {
            "GET /v1/templates": "list_templates",
            "POST /v1/templates": "create_template",
            "POST /v1/templates/preview": "preview_template",
            "GET /v1/templates/{name}": "get_template",
            "PUT /v1/templates/{name}": "put_template",
            "DELETE /v1/templates/{name}": "delete_template",
        },
    ),
    Group(
        "rules",
        "Answer received texts by keyword.",
        {
            "GET /v1/rules": "list_rules",
            "POST /v1/rules": "create_rule",
            "POST /v1/rules/test": "test_rules",
            "GET /v1/rules/{name}": "get_rule",
            "PUT /v1/rules/{name}": "put_rule",
            "DELETE /v1/rules/{name}": "delete_rule",
        },
    ),
    Group(
        "campaigns",
        "Text many people, at the right hour, each of them once.",
        {
            "GET /v1/campaigns": "list_campaigns",
            "POST /v1/campaigns": "create_campaign",
            "GET /v1/campaigns/{campaign}": "get_campaign",
            "PUT /v1/campaigns/{campaign}": "put_campaign",
            "DELETE /v1/campaigns/{campaign}": "delete_campaign",
            "POST /v1/campaigns/{campaign}/review": "review_campaign",
            "POST /v1/campaigns/{campaign}/start": "start_campaign",
            "POST /v1/campaigns/{campaign}/pause": "pause_campaign",
            "POST /v1/campaigns/{campaign}/resume": "resume_campaign",
            "POST /v1/campaigns/{campaign}/cancel": "cancel_campaign",
            "POST /v1/campaigns/{campaign}/unschedule": "unschedule_campaign",
            "GET /v1/campaigns/{campaign}/runs": "list_campaign_runs",
            "POST /v1/campaigns/{campaign}/retry_failed": "retry_failed_recipients",
            "GET /v1/campaigns/{campaign}/recipients": "list_campaign_recipients",
            "GET /v1/campaigns/{campaign}/results": "get_campaign_results",
            "GET /v1/campaigns/{campaign}/results/export": "export_campaign_results",
        },
    ),
    Group(
        "drips",
        "Send people one text after another, after delays.",
        {
            "GET /v1/drips": "list_drips",
            "POST /v1/drips": "create_drip",
            "GET /v1/drips/{name}": "get_drip",
            "PUT /v1/drips/{name}": "put_drip",
            "DELETE /v1/drips/{name}": "delete_drip",
            "POST /v1/drips/{name}/pause": "pause_drip",
            "POST /v1/drips/{name}/resume": "resume_drip",
            "POST /v1/drips/{name}/people": "enroll_in_drip",
            "GET /v1/drips/{name}/people": "list_drip_people",
            "DELETE /v1/drips/{name}/people/{number}": "remove_from_drip",
            "GET /v1/contacts/{contact}/drips": "list_contact_drips",
        },
    ),
    Group(
        "questions",
        "See which questions people have not answered yet.",
        {"GET /v1/questions": "list_questions", "DELETE /v1/questions/{number}": "close_question"},
    ),
    Group("events", "Follow what happens.", {"GET /v1/events": "stream_events"}),
    Group(
        "webhooks",
        "Have events posted to a server.",
        {
            "POST /v1/webhooks": "create_webhook",
            "GET /v1/webhooks": "list_webhooks",
            "GET /v1/webhooks/{webhook_id}": "get_webhook",
            "PATCH /v1/webhooks/{webhook_id}": "update_webhook",
            "DELETE /v1/webhooks/{webhook_id}": "delete_webhook",
            "POST /v1/webhooks/{webhook_id}/test": "test_webhook",
            "GET /v1/webhooks/{webhook_id}/deliveries": "list_webhook_deliveries",
            "GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}": "get_webhook_delivery",
            "POST /v1/webhooks/{webhook_id}/replay": "replay_webhook",
            "POST /v1/webhooks/{webhook_id}/pause": "pause_webhook",
            "POST /v1/webhooks/{webhook_id}/resume": "resume_webhook",
            "POST /v1/webhooks/{webhook_id}/secrets": "rotate_webhook_secret",
        },
    ),
    Group(
        "modems",
        "See and manage modems.",
        {
            "GET /v1/modems": "list_modems",
            "GET /v1/modems/{name}": "get_modem",
            "GET /v1/modems/{name}/history": "get_modem_history",
            "POST /v1/modems/{name}/pin": "enter_pin",
            "POST /v1/modems/{name}/ussd": "send_ussd",
            "POST /v1/modems/{name}/enable": "enable_modem",
            "POST /v1/modems/{name}/disable": "disable_modem",
            "POST /v1/modems/{name}/reset": "reset_modem",
            "GET /v1/modems/{name}/tap": "tap_modem",
        },
    ),
    Group(
        "tokens",
        "Give programs access over TCP.",
        {
            "POST /v1/tokens": "create_token",
            "GET /v1/tokens": "list_tokens",
            "DELETE /v1/tokens/{name}": "revoke_token",
            "GET /v1/audit": "list_audit_entries",
        },
    ),
    Group(
        "users",
        "Let people sign in.",
        {
            "GET /v1/setup": "get_setup",
            "POST /v1/setup/code": "create_setup_code",
            "POST /v1/setup": "create_first_user",
            "POST /v1/users": "create_user",
            "GET /v1/users": "list_users",
            "GET /v1/users/me": "get_own_user",
            "PATCH /v1/users/me": "update_own_user",
            "GET /v1/users/{name}": "get_user",
            "PATCH /v1/users/{name}": "update_user",
            "DELETE /v1/users/{name}": "delete_user",
            "POST /v1/sessions": "sign_in",
            "GET /v1/sessions": "list_sessions",
            "DELETE /v1/sessions/{session_id}": "end_session",
        },
    ),
    Group(
        "gateway",
        "See the state of the gateway, and manage it.",
        {
            "GET /v1/stats": "get_stats",
            "GET /v1/statistics": "get_statistics",
            "GET /health/live": "is_live",
            "GET /health/ready": "is_ready",
            "GET /metrics": "get_metrics",
            "POST /v1/reload": "reload_configuration",
            "GET /v1/configuration": "get_configuration",
            "GET /v1/integrations": "get_integrations",
            "GET /v1/fleet": "get_fleet",
            "POST /v1/fleet/nodes/{name}/move": "move_messages_of_node",
            "POST /v1/backups": "create_backup",
            "GET /v1/backups": "list_backups",
            "GET /v1/quarantine": "list_quarantine",
            "POST /v1/quarantine/reread": "reread_quarantine",
            "POST /v1/privacy/{number}/export": "export_person",
            "POST /v1/privacy/{number}/erase": "erase_person",
        },
    ),
)


def arrange(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Put the operations of an OpenAPI document in the order of use, with groups and names; yield them all."""
    paths: dict[str, dict[str, Any]] = {}
    for group in GROUPS:
        for place, name in group.operations.items():
            method, path = place.split(" ")
            operation = document["paths"][path].get(method.lower())
            if operation is None:
                continue
            operation["operationId"], operation["tags"] = name, [group.title]
            paths.setdefault(path, {})[method.lower()] = operation
            yield name, operation
    document["paths"] = paths
    document["tags"] = [{"name": group.title, "description": group.description} for group in GROUPS]
