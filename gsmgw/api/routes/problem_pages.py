"""What each problem means and what to do about it: the pages that ``type`` of a problem leads to."""

from __future__ import annotations

from collections.abc import Mapping

#: code -> what it means; what to do.
PAGES: Mapping[str, tuple[str, str]] = {
    "invalid_json": (
        "The body of the request is not JSON (RFC 8259). `detail` says what was expected at which line and column.",
        "Let a library write the JSON. By hand, mind quotation marks around names and texts, `\\n` for the end of a "
        "line within a text, and no comma behind the last field.",
    ),
    "invalid_request": (
        "A field or parameter is missing, unknown, or not of its kind. `errors` has all of them: `pointer` is a JSON "
        "pointer into the body, `parameter` the name of a query parameter or header.",
        "Compare with the request's schema on `/docs`. Unknown fields are refused on purpose: a misspelled `send_at` "
        "would otherwise send at once.",
    ),
    "invalid_number": (
        "The recipient is no number that a message can be sent to. The number is checked for a possible length in its "
        "country, not for being in use.",
        "Write E.164, `+4915112345678`; or a short code of 3 to 6 digits; or, with `[gateway] country` set, a number "
        "as it is dialled at home.",
    ),
    "empty_message": ("There is neither text nor data to send.", "Give `text`, or `data` with `port`."),
    "too_long": (
        "The message takes more than 255 segments, the most that a concatenated message has (TS 23.040 9.2.3.24.1).",
        "Send several messages. `POST /v1/messages/preview` tells the number of segments beforehand.",
    ),
    "not_encodable": (
        '`encoding: "gsm7"` was asked for, and the text has characters that the GSM 7-bit alphabet has not '
        "(TS 23.038 6.2.1). They are named.",
        "Leave `encoding` out: UCS-2 is used where it is needed. Or replace them; "
        "`POST /v1/messages/preview` with `transliterate` shows how.",
    ),
    "unknown_modem": (
        "The message, or the token to be made, names a modem that there is not.",
        "`gsmgw modems` lists the names; `[[modem]] name` in the configuration gives them.",
    ),
    "unknown_pool": (
        "The message, or the token to be made, names a pool that there is not.",
        "`[[pool]] name` in the configuration gives them.",
    ),
    "not_your_modem": (
        "The token is held to certain modems or pools, and the message names another one, or none where there is a "
        "choice.",
        "Name one that is allowed; `gsmgw tokens` shows them.",
    ),
    "client_ref_conflict": (
        "The `client_ref` was used before, for a message with another content. A `client_ref` is a promise: the same "
        "one is the same message.",
        "Use another one for another message. For the same message send exactly the same fields.",
    ),
    "idempotency_conflict": (
        "The `Idempotency-Key` was used before, for a request with another content.",
        "Make a new key for each request, a UUID for instance, and repeat it only with the same body.",
    ),
    "target_refused": (
        "Webhooks may not go there: the address is not public, or it is not https, and the configuration does not "
        "allow it.",
        '`[webhooks] allow` in the configuration: `"http"`, `"private"`, or a network. Services that hand out '
        "credentials of cloud machines are refused whatever it says.",
    ),
    "not_found": ("There is no such message, modem, token, webhook, event or route.", "Look at the address again."),
    "event_gone": (
        "The event stream was asked to go on behind an event whose successors are no longer kept, or that has not "
        "happened in this database.",
        "Read the state of what you follow once (`GET /v1/messages`), and go on from the event that `detail` names.",
    ),
    "method_not_allowed": ("The route is there, but not for this method.", "`/docs` lists the methods."),
    "wrong_state": (
        "The state does not allow it: what is on the air cannot be canceled, what has arrived cannot be sent again, a "
        "name is taken, or there are as many of a kind as there may be. `detail` says which.",
        "Look at the state first; often nothing has to be done.",
    ),
    "unauthorized": (
        "Over TCP a token is needed, and there is none in the request, or it is not valid, or it has expired.",
        "`gsmgw tokens create NAME` makes one; send it as `Authorization: Bearer TOKEN`.",
    ),
    "forbidden": (
        "The token has not the scope that this needs: `send`, `read` or `manage`; or it is for other modems; or, on "
        "the socket, `[api] users` does not name the user.",
        "Make a token with the scope: `gsmgw tokens create NAME --scope manage`.",
    ),
    "too_large": (
        "The body of the request has more than 1 MiB or 2000 values (fields, strings, numbers, lists); that of a batch "
        "more than 20 MiB or 500 000 values.",
        "Send a batch in several parts; 10 000 texts fit easily.",
    ),
    "unsupported_media_type": (
        "The body names another media type than JSON, or a `Content-Encoding`: it is packed.",
        "Send `Content-Type: application/json`, and the body as it is.",
    ),
    "too_many_requests": (
        "There were too many wrong tokens from this address, or more requests than `[api] requests_per_minute`, or "
        "more texts than the token may send.",
        "Wait as long as `Retry-After` says, in seconds.",
    ),
    "headers_too_large": (
        "The request line and the headers together have more than 32 KiB.",
        "Shorten them; long lists belong into the body.",
    ),
    "request_timeout": (
        "The request began, and the rest of it did not come in time.",
        "Look at the network in between. Nothing of it was taken; with an Idempotency-Key it is safe to repeat it.",
    ),
    "busy": (
        "There are as many connections as `[api] max_connections` allows.",
        "Use one connection for many requests, and close event streams that nobody reads.",
    ),
    "storage_unavailable": (
        "The database does not take writes now: a full or failing disk, or more to write than the disk can take. "
        "Nothing of the request was stored.",
        "Repeat it after `Retry-After` seconds, with the same Idempotency-Key. `gsmgw doctor` looks at the disk.",
    ),
    "modem_failed": (
        "The modem did not do what was asked of it; `detail` has its reason, with the number of `+CME ERROR` or "
        "`+CMS ERROR` and its meaning where it gave one.",
        "`gsmgw modem NAME` shows its state; `gsmgw modem NAME reset` restarts it.",
    ),
    "internal_error": (
        "The gateway has a fault. Its log has the details; the answer has none.",
        "Please report it with the log. With an Idempotency-Key it is safe to repeat the request.",
    ),
    "http_error": (
        "What came is no HTTP request, or one that cannot be answered.",
        "Look at the client, or at what stands between it and the gateway.",
    ),
}
