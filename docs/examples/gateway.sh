#!/bin/sh
# The main tasks with curl:  gateway.sh send TO TEXT | wait ID | events AFTER
# GSMGW_SOCKET names the gateway's socket. For webhooks use a language with an HTTP server; see the other examples.
set -eu
socket=${GSMGW_SOCKET:-/run/gsmgw/gsmgw.sock}
api() { curl --silent --show-error --fail-with-body --unix-socket "$socket" "$@"; }

usage() {
    echo "usage: gateway.sh send TO TEXT | wait ID | events AFTER" >&2
    exit 2
}

# A JSON string (RFC 8259 7): backslashes, quotes, tabs and line breaks escaped, other control characters left out.
json() {
    tab=$(printf '\t')
    printf '"%s"' "$(printf '%s\n' "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e "s/$tab/\\\\t/g" -e '$!s/$/\\n/' | tr -d '\000-\037')"
}

case ${1-}:$# in
send:3)
    # Repeating a lost request with the same Idempotency-Key does not send the message twice.
    key=$(cat /proc/sys/kernel/random/uuid)
    body="{\"to\": $(json "$2"), \"text\": $(json "$3")}"
    for pause in 1 2 4 0; do
        code=0
        api -H "Idempotency-Key: $key" http://gsmgw/v1/messages -d "$body" || code=$?
        # 22: the gateway refused the message. Any other error is one of the connection.
        case $code in 0 | 22) break ;; esac
        sleep $pause
    done
    exit $code
    ;;
wait:2)
    while :; do
        message=$(api "http://gsmgw/v1/messages/$2")
        case ${message%%'"segment_list":'*} in  # the message's own status, not a segment's
        *'"status":"delivered"'* | *'"status":"undelivered"'* | *'"status":"failed"'*) break ;;
        *'"status":"expired"'* | *'"status":"canceled"'*) break ;;
        esac
        sleep 1
    done
    printf '%s\n' "$message"
    ;;
events:2)
    # Each line "id: N" is a position. To continue there: events N
    api --no-buffer "http://gsmgw/v1/events?after=$2&types=message.*"
    ;;
*) usage ;;
esac
