"""States and events in the words of the page."""

from __future__ import annotations

from gsmgw.web.languages import N_

#: States of messages.
STATUS = {
    "scheduled": N_("Scheduled"),
    "queued": N_("Waiting"),
    "sending": N_("Sending"),
    "sent": N_("Sent"),
    "delivered": N_("Delivered"),
    "undelivered": N_("Not delivered"),
    "unknown": N_("Outcome unknown"),
    "failed": N_("Failed"),
    "expired": N_("Expired"),
    "canceled": N_("Canceled"),
    "received": N_("Received"),
}
#: The colour of a state.
TONE = {
    "scheduled": "calm",
    "queued": "calm",
    "sending": "calm",
    "sent": "calm",
    "delivered": "good",
    "undelivered": "bad",
    "unknown": "warn",
    "failed": "bad",
    "expired": "bad",
    "canceled": "off",
    "received": "good",
}
#: States of modems.
MODEM_STATE = {
    "absent": N_("Not plugged in"),
    "unavailable": N_("Port not available"),
    "probing": N_("Starting"),
    "locked": N_("SIM locked"),
    "searching": N_("Searching for a network"),
    "ready": N_("Ready"),
    "degraded": N_("Works in part"),
    "recovering": N_("Recovering"),
    "quarantined": N_("Needs attention"),
    "disabled": N_("Disabled"),
}
MODEM_TONE = {
    "absent": "bad",
    "unavailable": "bad",
    "probing": "calm",
    "locked": "warn",
    "searching": "warn",
    "ready": "good",
    "degraded": "warn",
    "recovering": "warn",
    "quarantined": "bad",
    "disabled": "off",
}
#: The way of a modem to work, and its states beside that way.
MODEM_WAY = ("absent", "probing", "locked", "searching", "ready")
MODEM_BESIDE = ("unavailable", "degraded", "recovering", "quarantined", "disabled")
#: Why a modem has its profile.
PROFILE_REASON = {
    "configured": N_("named in the configuration"),
    "matched": N_("the modem identifies as one, by"),
    "standard": N_("no profile for this model, so the standard commands"),
}
#: Names of the things that a limit counts.
LIMIT_UNIT = {"segments": N_("segments"), "messages": N_("texts"), "recipients": N_("different recipients")}
#: The key of a limit in the configuration, by the length of its window in seconds.
LIMIT_KEY = {60: "per_minute", 3600: "per_hour", 86_400: "per_day", 30 * 86_400: "per_month"}
REGISTRATION = {
    "home": N_("in its own network"),
    "roaming": N_("roaming"),
    "home, messages only": N_("in its own network, for texts only"),
    "roaming, messages only": N_("roaming, for texts only"),
    "not registered": N_("not registered"),
    "searching": N_("searching"),
    "denied": N_("refused by the network"),
    "emergency only": N_("emergency calls only"),
}
#: Advice about a modem, by its state.
MODEM_ADVICE = {
    "absent": N_("Plug the modem in. It is used as soon as it is found."),
    "unavailable": N_("Another program uses the port, or the gateway has no permission."),
    "locked": N_("Enter the PIN of the SIM."),
    "searching": N_("Check the antenna and the place of the modem."),
    "quarantined": N_("Recovery failed. Check the modem and its power supply, then reset it."),
    "disabled": N_("Enable it to use it again."),
}
#: Why a message waits, by the word of the gateway.
WAITING = {
    "scheduled": N_("Its sending time has not come."),
    "queued": N_("Waiting for its turn."),
    "modem": N_("No modem is ready to send it."),
    "limit": N_("Every modem that may send it has reached its limit."),
    "cooldown": N_("The modem pauses after a failure."),
    "retry": N_("It will be tried again."),
    "recipient_busy": N_("Another message to the same number is being sent."),
    "evidence": N_("Checking whether the network accepted it."),
    "held": N_("On hold: the outcome is unknown. Please decide."),
}
#: Events in the timeline of a message.
EVENT = {
    "message.scheduled": N_("Accepted, to be sent later"),
    "message.queued": N_("In the queue"),
    "message.deferred": N_("Put off"),
    "message.sending": N_("Handed to the modem"),
    "message.segment_sent": N_("One segment accepted by the network"),
    "message.sent": N_("Accepted by the network"),
    "message.delivered": N_("Delivered to the phone"),
    "message.undelivered": N_("The network gave up on delivering it"),
    "message.report_missing": N_("No delivery report came"),
    "message.unknown": N_("The modem did not answer: outcome unknown"),
    "message.held": N_("On hold until a person decides"),
    "message.settled": N_("Outcome decided"),
    "message.failed": N_("Failed"),
    "message.expired": N_("Expired before it could be sent"),
    "message.canceled": N_("Canceled"),
    "message.received": N_("Received"),
    "message.completed": N_("A missing part arrived"),
    "submit.late_confirmation": N_("The modem confirmed it late"),
    "submit.late_refusal": N_("The modem refused it late"),
}
#: Problems of the gateway, by their code.
PROBLEM = {
    "invalid_number": N_("This is not a valid phone number."),
    "empty_message": N_("The text is empty."),
    "too_long": N_("The text is too long."),
    "recipient_opted_out": N_("This person has opted out and cannot be texted."),
    "unknown_modem": N_("This modem does not exist."),
    "unknown_pool": N_("This pool does not exist."),
    "not_found": N_("This does not exist, or not any more."),
    "wrong_state": N_("This is not possible now."),
    "target_refused": N_("Webhooks may not go to this address."),
    "invalid_configuration": N_("The configuration file has errors. Nothing was changed."),
    "forbidden": N_("You do not have permission for this."),
    "too_many_requests": N_("Too many tries. Please wait a minute."),
    "storage_unavailable": N_("The gateway cannot write to its disk."),
    "modem_failed": N_("The modem refused the operation."),
    "invalid_template": N_("The template is not valid."),
    "invalid_segment": N_("The segment is not valid."),
    "invalid_file": N_("The file has errors."),
    "not_encodable": N_("The text does not fit the encoding."),
    "client_ref_conflict": N_("This was sent before."),
    "internal_error": N_("Internal error of the gateway."),
}
#: Confirmations of an action, by a word in the address of the page that follows.
DONE = {
    "sent": N_("Accepted. It leaves as soon as a modem is free."),
    "draft": N_("Saved as the draft of a campaign. Nothing was sent yet."),
    "scheduled": N_("Accepted. It will be sent at the time you chose."),
    "canceled": N_("Canceled."),
    "retried": N_("In the queue again."),
    "resolved": N_("Decided."),
    "saved": N_("Saved."),
    "deleted": N_("Deleted."),
    "reset": N_("The modem restarts."),
    "enabled": N_("Enabled."),
    "disabled": N_("Disabled."),
    "pin": N_("The PIN was accepted."),
    "undone": N_("The import was undone."),
    "start": N_("The campaign was started."),
    "pause": N_("The campaign is paused."),
    "resume": N_("The campaign goes on."),
    "cancel": N_("The campaign is canceled."),
    "retry": N_("In the queue again."),
    "backed_up": N_("The backup is made and verified."),
    "ended": N_("The session was ended."),
    "again": N_("The events are delivered again."),
    "revoked": N_("The token is revoked."),
    "simulated": N_("Done in the simulator."),
    "password": N_("Your password was changed. Please sign in."),
    "signed_out": N_("You are signed out."),
    "welcome": N_("Your account is ready. Please sign in."),
}
#: States of webhooks and of their deliveries.
WEBHOOK = {"active": N_("Active"), "paused": N_("Paused"), "disabled": N_("Disabled")}
WEBHOOK_TONE = {"active": "good", "paused": "warn", "disabled": "bad"}
DELIVERY = {"pending": N_("Being tried"), "delivered": N_("Delivered"), "failed": N_("Failed")}
DELIVERY_TONE = {"pending": "calm", "delivered": "good", "failed": "bad"}
#: Meanings of the scopes of a token.
SCOPE = {"send": N_("send texts"), "read": N_("read texts"), "manage": N_("everything")}
#: Faults of the simulator.
FAULT = {
    "network-lost": N_("No network for a minute"),
    "hang": N_("The modem hangs for 30 seconds"),
    "slow": N_("Slow answers for a minute"),
    "cms-error": N_("The network refuses texts for a minute"),
    "deaf-inbound": N_("Receives nothing until a restart"),
}
#: Entries of the trail of consent.
CONSENT = {
    "in": N_("Agreed"),
    "out": N_("Opted out"),
    "confirmed": N_("Confirmed"),
    "asked": N_("Was asked to confirm"),
    "suspected": N_("Perhaps an opt-out"),
    "import": N_("Imported"),
    "manual": N_("Decided by a person"),
    "erased": N_("Erased"),
}
CAMPAIGN = {
    "draft": N_("Draft"),
    "scheduled": N_("Scheduled"),
    "running": N_("Running"),
    "paused": N_("Paused"),
    "finished": N_("Finished"),
    "canceled": N_("Canceled"),
}
CAMPAIGN_TONE = {"draft": "off", "running": "good", "paused": "warn", "canceled": "off"}
#: Why a campaign leaves people out.
SKIPPED = {
    "excluded": N_("excluded by you"),
    "opted_out": N_("opted out"),
    "no_consent": N_("not joined the list"),
    "recently_texted": N_("texted a short while ago"),
    "invalid_number": N_("no valid number"),
    "landline": N_("landline"),
    "empty_field": N_("a field is empty"),
    "too_long": N_("text too long"),
    "refused": N_("refused"),
    "canceled": N_("canceled"),
    "date_changed": N_("the date was changed"),
}
#: Why a person gets no further steps of a drip.
DRIP_END = {
    "finished": N_("got all steps"),
    "answered": N_("answered"),
    "opted_out": N_("opted out"),
    "removed": N_("removed by hand"),
    "contact_gone": N_("the contact does not exist any more"),
}
#: Names of the conditions on a text.
MATCH = {
    "exact": N_("is"),
    "prefix": N_("begins with"),
    "contains": N_("contains"),
    "regex": N_("matches"),
    "any": N_("is any"),
}
#: Names of the actions of a rule.
RULE_ACTION = {
    "reply": N_("answer:"),
    "forward": N_("forward to"),
    "group_add": N_("add to the group"),
    "group_remove": N_("remove from the group"),
    "set_field": N_("set a field"),
    "tag": N_("tag with"),
    "start": N_("record consent"),
    "stop": N_("record an opt-out"),
    "hook": N_("call a hook"),
    "enroll": N_("enroll in the drip"),
    "ask": N_("ask:"),
}
ROLE = {"owner": N_("Owner"), "operator": N_("Operator"), "viewer": N_("Viewer")}
#: Why messages failed, by the code of the error.
CAUSE = {
    "refused_by_network": N_("refused by the network"),
    "modem_error": N_("the modem failed"),
    "not_confirmed": N_("not confirmed by the modem"),
    "undelivered": N_("the phone could not be reached"),
    "expired": N_("too late: the validity ended"),
    "internal_error": N_("internal error"),
    "interrupted": N_("the gateway stopped while sending"),
    "opted_out": N_("the recipient has opted out"),
    "duplicate": N_("sent already"),
}
#: Sentences of the gateway that are common enough to be translated: the titles of errors.
TITLES = (
    N_("unassigned number"),
    N_("operator determined barring"),
    N_("call barred"),
    N_("network failure"),
    N_("short message transfer rejected"),
    N_("destination out of service"),
    N_("network out of order"),
    N_("temporary failure"),
    N_("congestion"),
    N_("resources unavailable"),
    N_("service centre busy"),
    N_("invalid recipient address"),
    N_("recipient barred"),
    N_("SIM not inserted"),
    N_("SIM PIN required"),
    N_("SIM failure"),
    N_("no network service"),
    N_("unknown error"),
    N_("not delivered"),
    N_("the validity ended before the message could be sent"),
    N_("the recipient has opted out"),
)
