"""The meaning of each setting, by its section and key: the sentences of docs/reference/configuration.md."""

from __future__ import annotations

from typing import Final

MEANINGS: Final = {
    "gateway.state_dir": "Directory of the database `gsmgw.db`. Only one gateway may use it.",
    "gateway.socket": "Unix socket of the API.",
    "gateway.socket_mode": "Permissions of the socket. Whoever may open it may do everything.",
    "gateway.socket_group": "Group of the socket. With the mode above its members may use it.",
    "gateway.country": "Country of numbers without a `+`, two letters such as `DE`.",
    "gateway.currency": "Currency of the price list: `EUR`.",
    "gateway.unknown_grace_s": "Seconds to wait for evidence about a message in doubt.",
    "gateway.on_unknown": "What to do then: `resend` it once, or `hold` it for your decision (`gsmgw resolve`).",
    "gateway.valid_for": "Seconds until a message that could not be sent expires, unless the message sets its own.",
    "gateway.delivery_report": "Request delivery reports, unless a message says otherwise.",
    "gateway.incomplete_after_s": "Seconds until a received long text with a missing segment is shown as it is.",
    "gateway.stop_timeout_s": "Seconds that a message in transmission may take when the service stops.",
    "gateway.log_level": "`debug`, `info`, `warning` or `error`, see the log.",
    "gateway.log_format": "`text`, or `json` for one JSON object per line.",
    "gateway.log_numbers": "Log phone numbers in full. By default the log shows their first four and last two digits.",
    "api.listen": (
        "`host:port` of a TCP listener, for example `127.0.0.1:8775`. It needs a token: `gsmgw tokens create NAME`."
    ),
    "api.tls_cert": (
        "Certificate of the listener with its chain, PEM. Then the listener speaks only TLS 1.2 and 1.3. A "
        "renewed file is used from the next connection on; a bad file is logged, and the previous certificate "
        "stays in use."
    ),
    "api.tls_key": "Its key, PEM, without a password.",
    "api.users": (
        "Names of local users who may use the socket, in addition to its mode. root and the user of the "
        "gateway always may."
    ),
    "api.session_users": (
        "Names of local users whose processes have no rights on the socket but those of a session or token "
        "that they present. For the user of a dashboard."
    ),
    "api.requests_per_minute": (
        "Maximum number of requests per minute, for each token or, without a token, each address. All of a "
        "minute may come at once."
    ),
    "api.max_connections": "Maximum number of connections of each listener; more get 503.",
    "api.max_connections_per_address": (
        "Maximum number of connections of one address (IPv6: one /64) without a valid token. A new one closes "
        "the oldest."
    ),
    "api.trusted_proxies": (
        "Proxies in front of the TCP listener, as addresses or networks. `X-Forwarded-For` is used only from them."
    ),
    "api.request_timeout_s": "Seconds until the head of a request must be complete.",
    "api.stall_timeout_s": "Seconds after which a client that does not read is disconnected.",
    "compat.kannel": "Serve `/cgi-bin/sendsms` for clients of Kannel.",
    "compat.smsgate": "Serve `/3rdparty/v1/messages` and `/3rdparty/v1/webhooks` for clients of SMSGate.",
    "compat.twilio": "Serve `/2010-04-01/Accounts/SID/Messages.json` for clients of Twilio.",
    "compat.smsgate_signing_key": "Key that signs the webhooks of SMSGate. Without it they are not signed.",
    "compat.twilio_account_sid": "The account: `AC` and 32 hexadecimal digits of your choice.",
    "compat.twilio_auth_token": "Its token, at least 16 characters. It also signs the callbacks.",
    "compat.callback_allow": (
        "Targets that callbacks of the Kannel and Twilio bridges may have besides public addresses over "
        "https. The same words as in `[webhooks] allow`, which does not apply to callbacks."
    ),
    "mqtt.url": "The broker: `mqtt://host:1883`, or `mqtts://host:8883` for TLS. The bridge is off without it.",
    "mqtt.base": "First levels of all topics. Each gateway at a broker needs its own.",
    "mqtt.discovery_prefix": "Where Home Assistant looks for devices. Empty to announce none.",
    "mqtt.version": "Version of MQTT: `5` or `3.1.1`.",
    "mqtt.username": "User name at the broker.",
    "mqtt.password_file": "File with its password. Only the user of the gateway may read it.",
    "mqtt.ca_file": "Certificate of a private certificate authority, PEM. Without it the public ones are trusted.",
    "mqtt.recipients": (
        "Whom requests at `BASE/send` may text: numbers, names of contacts and groups. Without it everybody, so "
        "restrict who may publish there."
    ),
    "mqtt.notify": "The recipients of the next table.",
    "notify.name": "Name of a notify entity in Home Assistant.",
    "notify.to": "A number, or the name of a contact or a group.",
    "smpp.listen": (
        "`host:port` of the SMPP server, for example `127.0.0.1:2775`. It is off without it. Accounts: "
        "`gsmgw tokens create NAME --smpp`."
    ),
    "smpp.tls_cert": "Certificate of the server with its chain, PEM. Then it speaks only TLS. Needs `tls_key`.",
    "smpp.tls_key": "Its key, PEM, without a password.",
    "smpp.system_id": "The name that the server tells clients when they bind, at most 15 characters.",
    "smpp.enquire_link_s": "Seconds of silence after which a client is asked whether it is alive (`enquire_link`).",
    "smpp.response_s": "Seconds that a client may take for a response, before its session is ended.",
    "smpp.inactivity_s": "Seconds without a message after which a session is ended. Without it sessions may be idle.",
    "smpp.window": "Maximum number of `deliver_sm` on their way to an account without a response.",
    "smpp.max_sessions": "Maximum number of connections. A new one closes the oldest that is not bound.",
    "smpp.keep_days": (
        "Days that receipts and received texts wait for a client that is not connected. After that they are given up "
        "and counted."
    ),
    "fleet.url": (
        "The NATS server of the fleet, for example `tls://hub.example.org:4222`, or `wss://hub.example.org` for "
        "WebSocket; a list for a cluster. Without it the gateway is in no fleet."
    ),
    "fleet.node": "The name of this gateway in the fleet. Its modems are `NAME/MODEM` at the hub.",
    "fleet.credentials": "The file that `gsmgw fleet add NAME` has printed at the hub.",
    "fleet.ca_file": "Certificate of a private certificate authority, PEM. Without it the public ones are trusted.",
    "fleet.hub": "This gateway is the hub: it takes messages for the whole fleet and assigns them to the nodes.",
    "fleet.replicas": "At the hub: how many servers of a NATS cluster keep each message, 3 for a cluster of three.",
    "fleet.silent_after_s": "At the hub: seconds of silence after which a node gets no more messages.",
    "fleet.reassign_after_s": (
        "At the hub: seconds of silence after which other nodes send what a node has, also what it may have sent: "
        "some texts may go twice. Without it a person decides, with `gsmgw fleet move NAME`."
    ),
    "mail.listen": (
        "Address where the gateway takes mails and sends them as texts. Beyond this machine, it needs `tls_cert` and "
        "`tls_key`. Off without it."
    ),
    "mail.tls_cert": "Certificate chain of the listener, PEM. Needs `tls_key`.",
    "mail.tls_key": "Key of the certificate, PEM.",
    "mail.listen_tls": "How clients begin TLS: `starttls`, or `implicit` (from the first byte, often called SSL).",
    "mail.subject": (
        "The subject in the text: `prepend` puts it before the text, `only` sends nothing else, `none` leaves it out. "
        "Answers never have it."
    ),
    "mail.max_characters": "Longer texts are cut, with `...` at the end.",
    "mail.server": "The mail server that takes outgoing mails.",
    "mail.port": "Its port. Default: 587 for `starttls`, 465 for `implicit`, 25 for `none`.",
    "mail.tls": (
        "How to use TLS with the mail server: `starttls`, `implicit` or `none`. Default: `none` for this machine, "
        "else `starttls`."
    ),
    "mail.username": "User name at the mail server.",
    "mail.password_file": "File with the password at the mail server. Only the user of the gateway may read it.",
    "mail.ca_file": "Certificate of a private certificate authority, PEM. Without it, the public ones are trusted.",
    "mail.sender": "The address that mails come from.",
    "mail.to": "Who gets received texts and failures by mail. Off without it.",
    "mail.domain": (
        "Domain of the addresses for answers, `NUMBER@domain`. Your mail server delivers it to `listen`. Without it, "
        "mails have no Reply-To."
    ),
    "web.listen": "Address of the dashboard.",
    "web.prefix": "Path below which a proxy serves it, for example `/sms`.",
    "web.tls_cert": "Certificate chain, PEM. Needs `tls_key`.",
    "web.tls_key": "Key of the certificate, PEM.",
    "web.trusted_proxies": (
        "Addresses and networks of proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and "
        "`X-Forwarded-Host` are trusted."
    ),
    "web.frame_ancestors": (
        'Sites that may show the dashboard in a frame, for example `["https://home.example"]`. `"\'self\'"` is the '
        "site that serves it."
    ),
    "web.simulator": (
        "Control socket of a modem simulator. The dashboard then shows its phones and modems; owners and operators "
        "can type as any of the phones."
    ),
    "backup.directory": (
        "Directory of the backups. Under systemd, a place outside `/var/lib/gsmgw` also needs `ReadWritePaths=`."
    ),
    "backup.keep": "Number of backups to keep. The oldest are deleted when a new one is verified.",
    "webhooks.allow": (
        'More targets: `"http"`, `"loopback"`, `"link-local"`, `"private"` (the LAN), and networks such as '
        '`"192.168.1.0/24"`.'
    ),
    "webhooks.connect_timeout_s": "Seconds to connect.",
    "webhooks.timeout_s": "Seconds until the answer.",
    "webhooks.max_payload": "Maximum size in bytes. A larger body is sent without the text of its message.",
    "webhooks.ca_file": "Certificates of your own authority, in addition to the public ones.",
    "modems.discover": "Use every modem that udev finds, in addition to those listed.",
    "modems.profiles": "A TOML file with profiles of modems that gsmgw does not know, see add a modem.",
    "modem.name": "Name in the API and the log.",
    "modem.port": "`/dev/ttyUSB2`, a udev link such as `/dev/serial/by-path/...`, or `socket://host:port`.",
    "modem.match": 'Instead of a port: `{ imei = "490154203237518" }` or `{ usb = "1-1.3" }`.',
    "modem.urc_port": (
        "A second port of the same stick to listen to, for sticks that announce received messages there. "
        'Known sticks need no setting. `"none"` for no second port.'
    ),
    "modem.reads_while_sending": (
        "Read and delete received messages on the second port while a message is being sent, see modems."
    ),
    "modem.pin": "PIN of the SIM, in quotes. It is tried once. A PIN that the SIM refused is never tried again.",
    "modem.pin_file": "A file that contains the PIN.",
    "modem.number": "Phone number of the SIM, if the SIM does not store it.",
    "modem.smsc": "Number of the service centre, if the one in the SIM is wrong.",
    "modem.reply_path": (
        "Request that a reply may use the same service centre at its cost (TP-RP). Few networks support it, "
        "some refuse such a message."
    ),
    "modem.profile": "Name of the profile, see modems.",
    "modem.reception": (
        "`stored`: the modem stores a received message and announces it. `direct`: it hands it over and waits "
        "until it is on disk, which saves wear of the SIM."
    ),
    "modem.reports": (
        "`direct`: delivery reports are handed over at once, and stored only while the gateway is stopped in "
        "an orderly way. `stored`: always stored; costs two or three commands each, but a killed gateway "
        "misses none. Some families announce stored reports wrongly."
    ),
    "modem.store_before_sending": (
        "Write each message to the storage of the modem and send it from there. After a crash the copy tells "
        "if it was sent. See certainty after a crash."
    ),
    "modem.hang_up_calls": "Hang up incoming calls. They are reported as `call.missed` in any case.",
    "modem.power_command": (
        "A program with its arguments, as a list, that cycles the power of the modem. The last recovery step."
    ),
    "modem.baudrate": "For real serial ports; USB ignores it.",
    "modem.enabled": "Use this modem.",
    "modem.weight": "Of several idle modems, the one that has sent least for its weight is used.",
    "limits.per_minute": "In any 60 seconds.",
    "limits.per_hour": "In any 60 minutes.",
    "limits.per_day": "In any 24 hours.",
    "limits.per_month": "In any 30 days.",
    "limits.count": "Unit of these four: `segments` or `messages`.",
    "limits.urgent_reserve": "Number in each window that is kept for urgent messages.",
    "limits.recipients_per_day": "Different recipients in any 24 hours.",
    "limits.min_gap_s": "Seconds between two segments.",
    "limits.gap_jitter_s": "Maximum random seconds in addition.",
    "pool.name": "Name in messages and routes.",
    "pool.modems": "Names of its modems.",
    "route.prefix": "The number of the recipient begins with it: `+4915`.",
    "route.country": "Country of the number of the recipient, two letters.",
    "route.tag": "The message has this tag.",
    "route.client": "Name of the token.",
    "route.pattern": "Regular expression that matches somewhere in the number.",
    "route.modem": "Target: a modem.",
    "route.pool": "Target: a pool.",
    "hook.name": "Name in the log. The position in the event log is saved under it.",
    "hook.events": "Types of events, or kinds such as `message.*`.",
    "hook.command": "The program with its whole path and its arguments, as a list. It runs without a shell.",
    "hook.timeout_s": "Maximum seconds of a run.",
    "hook.parallel": "Maximum number of runs at once. With 1 they keep the order of the events.",
    "client.name": 'Name of the token; `""` for users of the local socket.',
    "client.on_unknown": "`resend` or `hold`, see `[gateway]`.",
    "consent.profile": (
        "Country whose prescribed keywords are final: no rule and no open question may claim CANCEL, END, "
        "QUIT, YES or INFO."
    ),
    "consent.blocks": (
        'Purposes that an opt-out of everything blocks: `["transactional", "marketing", "conversation"]`. '
        'Must contain `"marketing"`.'
    ),
    "consent.replies": "Answer STOP, START and HELP.",
    "consent.language": "Language of the answers to people whose country has no other one.",
    "consent.name": "Name of the sender. The default answers begin with it.",
    "consent.stop_reply": 'Confirmation of an opt-out, by language: `{ de = "Sie sind abgemeldet." }`.',
    "consent.start_reply": "Answer to START.",
    "consent.help_reply": "Answer to HELP.",
    "consent.question": "Question of a double opt-in.",
    "price.country": "Country of the recipient: `DE`.",
    "price.modem": "Modem that sends.",
    "price.per_segment": "Price of a segment, in `[gateway] currency`: `0.07`.",
    "times.hours": "Allowed hours: `08:00-21:00`.",
    "times.days": 'Allowed days: `["mon", "tue", "wed", "thu", "fri", "sat"]`.',
    "times.holidays": "Dates without quotes: `[2026-12-25, 2026-12-26]`.",
    "times.classes": 'Priorities that keep these times: `["normal", "bulk"]`.',
    "retention.messages_days": (
        "Days to keep messages of both directions with their raw PDUs; at least 31, because limits look back "
        "a month. A repeated `client_ref` or `Idempotency-Key` is recognised as long."
    ),
    "retention.events_days": (
        "Days to keep events, at least 7. An event stream, a webhook or a hook can resume that far back, and "
        "the `history` of a message reaches that far."
    ),
    "keep.purpose": (
        "Purpose of the message: `transactional`, `marketing` or `conversation`. Received messages have none."
    ),
    "keep.tag": "A tag of the message.",
    "keep.codes": "Only texts with a one-time code, of both directions.",
    "keep.minutes": "Minutes to keep the text.",
    "keep.days": "Days to keep the text.",
}
