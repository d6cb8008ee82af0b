"""The pages that ``type`` of a problem leads to: what each problem means and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from gsmgw.wire.problems import ProblemCode

#: code -> what it means; what to do.
PAGES: Mapping[ProblemCode, tuple[str, str]] = {
    ProblemCode.INVALID_JSON: (
        "The request body is not valid JSON (RFC 8259). `detail` says what was expected, with line and column.",
        "Create the JSON with a library. If you write it by hand: put names and texts in quotation marks, write `\\n` "
        "for a line break in a text, and no comma after the last field.",
    ),
    ProblemCode.INVALID_REQUEST: (
        "A field or parameter is missing, unknown, or has the wrong type. `errors` lists all of them: `pointer` is a "
        "JSON pointer into the body, `parameter` the name of a query parameter or header.",
        "Compare the request with its schema on `/docs`. Unknown fields are refused on purpose: with a misspelled "
        "`send_at` the message would be sent at once.",
    ),
    ProblemCode.INVALID_NUMBER: (
        "The recipient is not a valid number. gsmgw checks that the number has a possible length for its country, not "
        "that it is in use.",
        "Use E.164, `+4915112345678`; or a short code of 3 to 6 digits; or, if `[gateway] country` is set, a national "
        "number.",
    ),
    ProblemCode.INVALID_TEMPLATE: (
        "The template is not valid Liquid, uses a field that does not exist, or cannot be written for this recipient: "
        "a field is empty, or a value does not fit its filter. `detail` names the line and the column, or the field.",
        'Correct the template, or give the field a default: `{{ city | default: "your town" }}`. The reference of '
        "templates lists tags and filters.",
    ),
    ProblemCode.EMPTY_MESSAGE: ("The message has neither text nor data.", "Set `text`, or `data` with `port`."),
    ProblemCode.TOO_LONG: (
        "The message needs more than 255 segments, the maximum of a concatenated message (TS 23.040 9.2.3.24.1).",
        "Send several messages. `POST /v1/messages/preview` shows the number of segments beforehand.",
    ),
    ProblemCode.INVALID_FILE: (
        "The file cannot be imported: it cannot be read as a table or as vCards, or rows have errors. `errors` lists "
        "the first 100 with `line`, `column` and `detail`. Nothing was imported.",
        "Correct the rows. `dry_run` checks a file without importing it, `skip_bad` imports the other rows.",
    ),
    ProblemCode.INVALID_SEGMENT: (
        "The segment has an error in its grammar, or refers to a field or a group that does not exist. `errors` has "
        "the `column` in the text, and `detail` the nearest name.",
        "Correct it. `POST /v1/segments/preview` shows who is in a segment. The grammar: docs/reference/segments.md.",
    ),
    ProblemCode.NOT_ENCODABLE: (
        'The request has `encoding: "gsm7"`, and the text has characters that are not in the GSM 7-bit alphabet '
        "(TS 23.038 6.2.1). `detail` names them.",
        "Leave `encoding` out: UCS-2 is then used when it is needed. Or replace the characters; "
        "`POST /v1/messages/preview` with `transliterate` shows how.",
    ),
    ProblemCode.UNKNOWN_MODEM: (
        "The message or the new token names a modem that does not exist.",
        "List the names with `gsmgw modems`. `[[modem]] name` in the configuration sets them.",
    ),
    ProblemCode.UNKNOWN_POOL: (
        "The message or the new token names a pool that does not exist.",
        "Use a pool of the configuration: `[[pool]] name`.",
    ),
    ProblemCode.UNKNOWN_LIST: (
        "The message or the opt-out names a consent list that does not exist.",
        "List them with `gsmgw lists`. Create one with `gsmgw lists set NAME`.",
    ),
    ProblemCode.RECIPIENT_OPTED_OUT: (
        "The recipient texted STOP, or was opted out by hand. Texts of this purpose must not be sent to this number.",
        "Do not send it. See how it came about: `gsmgw optouts show NUMBER`. Only if the person asked for it: "
        "`gsmgw optouts remove NUMBER --reason ...`. The person can also text START.",
    ),
    ProblemCode.NOT_YOUR_MODEM: (
        "The token is restricted to certain modems or pools. The message names another one, or none although the token "
        "has several.",
        "Name one that the token allows. List them with `gsmgw tokens`.",
    ),
    ProblemCode.CLIENT_REF_CONFLICT: (
        "The `client_ref` was used before for a message with other content. The same `client_ref` always means the "
        "same message.",
        "Use another `client_ref` for another message. To repeat a message, send exactly the same fields.",
    ),
    ProblemCode.IDEMPOTENCY_CONFLICT: (
        "The `Idempotency-Key` was used before for a request with other content.",
        "Create a new key for each request, for example a UUID. Repeat it only with the same body.",
    ),
    ProblemCode.TARGET_REFUSED: (
        "The webhook URL is not allowed: its address is not public or it does not use https, and the configuration has "
        "no exception for it.",
        'Set `[webhooks] allow` in the configuration: `"http"`, `"private"`, or a network. Services that give out '
        "credentials of cloud machines are always refused.",
    ),
    ProblemCode.NOT_FOUND: (
        "The message, modem, contact, group, token, webhook, event or path does not exist.",
        "Check the path and the ID.",
    ),
    ProblemCode.EVENT_GONE: (
        "The event stream cannot continue after this event: the events after it are no longer kept, or the event does "
        "not exist in this database.",
        "Read the current state once (`GET /v1/messages`). Then connect as `detail` says.",
    ),
    ProblemCode.METHOD_NOT_ALLOWED: ("The path exists, but not with this method.", "`/docs` lists the methods."),
    ProblemCode.WRONG_STATE: (
        "The current state does not allow this. For example, a message that is being sent cannot be canceled, a name "
        "is taken, or a maximum is reached. `detail` says which.",
        "Check the state first. Often nothing needs to be done.",
    ),
    ProblemCode.UNAUTHORIZED: (
        "Requests over TCP need a token. The request has none, or it is not valid, or it has expired.",
        "Create a token with `gsmgw tokens create NAME` and send it as `Authorization: Bearer TOKEN`.",
    ),
    ProblemCode.FORBIDDEN: (
        "The token lacks the scope (`send`, `read`, `manage`), or is restricted to other modems. On the Unix socket: "
        "the user is not in `[api] users`.",
        "Create a token with the scope: `gsmgw tokens create NAME --scope manage`.",
    ),
    ProblemCode.TOO_LARGE: (
        "The body has more than 1 MiB or 2000 values (fields, strings, numbers, lists). A batch may have 20 MiB and "
        "500 000 values, a file of contacts 200 MiB.",
        "Split the batch. 10 000 texts fit easily.",
    ),
    ProblemCode.UNSUPPORTED_MEDIA_TYPE: (
        "The body is not JSON by its `Content-Type`, or it is compressed (`Content-Encoding`).",
        "Send `Content-Type: application/json` and the body uncompressed.",
    ),
    ProblemCode.TOO_MANY_REQUESTS: (
        "There were too many wrong tokens from this address, more requests than `[api] requests_per_minute`, or more "
        "texts than the token allows.",
        "Wait for the seconds in `Retry-After`.",
    ),
    ProblemCode.HEADERS_TOO_LARGE: (
        "The request line and the headers together have more than 32 KiB.",
        "Shorten them. Long lists belong in the body.",
    ),
    ProblemCode.REQUEST_TIMEOUT: (
        "The request began, but the rest of it did not arrive in time. Nothing of it was saved.",
        "Check the network. With an Idempotency-Key it is safe to repeat the request.",
    ),
    ProblemCode.NO_MESSAGE: (
        "`GET /v1/messages/wait` waited as long as `timeout` allows, and no message that matches was received.",
        "Check the sender and the text with `gsmgw inbox`. If the message may have come before the request, set "
        "`since` to the time at which it was asked for.",
    ),
    ProblemCode.BUSY: (
        "There are as many connections as `[api] max_connections` allows.",
        "Use one connection for many requests, and close event streams that nobody reads.",
    ),
    ProblemCode.INVALID_CONFIGURATION: (
        "The gateway was asked to read its configuration again, and the file is not valid. Nothing has changed. "
        "`errors` lists all problems with their lines.",
        "Correct the file, check it with `gsmgw config check`, and reload again.",
    ),
    ProblemCode.STORAGE_UNAVAILABLE: (
        "Database writes are failing: the disk is full, broken or too slow. Nothing of the request was saved.",
        "Repeat the request after `Retry-After` seconds, with the same Idempotency-Key. Check the disk with "
        "`gsmgw doctor`.",
    ),
    ProblemCode.MODEM_FAILED: (
        "The modem refused the operation. `detail` has the reason, with the number and meaning of `+CME ERROR` or "
        "`+CMS ERROR` if the modem gave one.",
        "Show the state of the modem with `gsmgw modem NAME`. Restart it with `gsmgw modem NAME reset`.",
    ),
    ProblemCode.INTERNAL_ERROR: (
        "There is an error in gsmgw. Its log has the details.",
        "Please report it with the log. With an Idempotency-Key it is safe to repeat the request.",
    ),
    ProblemCode.HTTP_ERROR: (
        "The request is not valid HTTP, or cannot be answered.",
        "Check the client, and any proxy between it and the gateway.",
    ),
}
