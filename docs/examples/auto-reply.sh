#!/bin/sh
# A hook that answers texts by their first word. See docs/guides/auto-reply.md.
set -eu

number=$SMS_1_NUMBER
case $number in
    +*) ;;
    *) exit 0 ;; # a short code or a name: nobody reads an answer
esac

text=${DECODED_1_TEXT:-${SMS_1_TEXT:-}}
word=$(printf '%s' "$text" | tr '[:upper:]' '[:lower:]' | sed 's/^[^[:alnum:]]*//; s/[^[:alnum:]].*//')
case $word in
    hours) answer="We are open Tuesday to Sunday, 11:00 to 22:00." ;;
    menu) answer="Today: soup of the day, pasta, apple pie. https://example.org/menu" ;;
    *) exit 0 ;;
esac

# Two programs that answer each other would never stop: at most three answers to a number in an hour.
earlier=$(gsmgw messages --direction outbound --peer "$number" --since -1h --limit 3 --json | wc -l)
[ "$earlier" -lt 3 ] || exit 0

# An event may be repeated after a crash. With the same --ref, its answer is sent once.
exec gsmgw send --ref "auto-reply-$GSMGW_EVENT_ID" --tag auto-reply --modem "$GSMGW_MODEM" -- "$number" "$answer"
