#!/bin/sh
# The main tasks with curl:  gateway.sh send TO TEXT | wait ID | events AFTER
# GSMGW_SOCKET names the gateway's socket. Receiving webhooks is for a language with a server; see the others.
set -eu
socket=${GSMGW_SOCKET:-/run/gsmgw/gsmgw.sock}
api() { curl --silent --show-error --fail-with-body --unix-socket "$socket" "$@"; }

case $1 in
send)
    # The same Idempotency-Key may be sent again after a lost answer: the message goes once.
    key=$(cat /proc/sys/kernel/random/uuid)
    body=$(printf '{"to": "%s", "text": "%s"}' "$2" "$3")  # of what needs no escaping; jq does the rest
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
    # Each line "id: N" is where to go on after a break: events N
    api --no-buffer "http://gsmgw/v1/events?after=$2&types=message.*"
    ;;
esac
