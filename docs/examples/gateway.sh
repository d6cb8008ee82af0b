#!/bin/sh
# The main tasks with curl:  gateway.sh send TO TEXT | wait ID | events AFTER
# GSMGW_SOCKET names the gateway's socket. For webhooks use a language with an HTTP server; see the other examples.
set -eu
socket=${GSMGW_SOCKET:-/run/gsmgw/gsmgw.sock}
api() { curl --silent --show-error --fail-with-body --unix-socket "$socket" "$@"; }

case $1 in
send)
    # Repeating a lost request with the same Idempotency-Key does not send the message twice.
    key=$(cat /proc/sys/kernel/random/uuid)
    body=$(printf '{"to": "%s", "text": "%s"}' "$2" "$3")  # without characters that JSON escapes; jq can do that
    api --retry 3 --retry-all-errors -H "Idempotency-Key: $key" http://gsmgw/v1/messages -d "$body"
    ;;
wait)
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
events)
    # Each line "id: N" is a position. To continue there: events N
    api --no-buffer "http://gsmgw/v1/events?after=$2&types=message.*"
    ;;
esac
