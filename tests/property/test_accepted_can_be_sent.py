"""An accepted message can be sent: its TPDUs can be built with either size of reference, for any request."""

from __future__ import annotations

import os

import hypothesis.strategies as st
from hypothesis import example, given, settings
from support.desk import DEFAULTS, LOCAL

from gsmgw.model import Outgoing
from gsmgw.outbound import Refusal, RouteTable, Submission
from gsmgw.outbound.segmenting import build_segments
from gsmgw.outbound.validation import Validator

#: How many cases a long run tries; CI's number without it.
CASES = int(os.environ.get("GSMGW_PROPERTY_CASES", "150"))

digits = st.text(st.sampled_from("0123456789٠١٢٣٤٥٦٧٨٩０１９²①+*#"), max_size=25)
numbers = digits | digits.map("+49".__add__) | st.text(max_size=12) | st.just("+4915112345678")
short = st.text(max_size=200)
#: About 255 segments of each kind: an alphabet, and how often it is repeated.
long = st.builds(
    lambda piece, count, rest: piece * count + rest,
    st.sampled_from(["a", "€", "ж", "😀", "a€", "e\u0301", "жa"]),
    st.sampled_from([255 * 152, 255 * 153, 255 * 76, 255 * 66, 255 * 67, 255 * 33]),
    st.text("a€ж😀", max_size=3),
)
requests = st.builds(
    Submission,
    to=numbers,
    text=st.none() | short | long,
    data=st.none() | st.binary(max_size=300) | st.just(b"x" * 255 * 127) | st.just(b"x" * (255 * 127 + 1)),
    port=st.none() | st.integers(0, 65_535),
    valid_for=st.none() | st.integers(60, 63 * 7 * 86_400),
    encoding=st.sampled_from(["auto", "gsm7", "ucs2"]),
    message_class=st.none() | st.integers(0, 3),
    report=st.booleans(),
)


VALIDATOR = Validator(tuple, RouteTable(), DEFAULTS)


@given(requests)
@settings(max_examples=CASES, deadline=None)
@example(Submission("١٢٣٤", "a"))
@example(Submission("１２３４５", "a"))
@example(Submission("+49１７０1234567", "a"))
@example(Submission("+4915112345678", "a" * 255 * 153))
@example(Submission("+4915112345678", "ж" * 255 * 67))
@example(Submission("+4915112345678", "\ud800"))
def test_what_is_accepted_can_be_built(request: Submission) -> None:
    seen = VALIDATOR.message(LOCAL, request, 1_700_000_000_000)
    if isinstance(seen, Refusal):
        assert seen.code
        assert seen.detail
        return
    assert isinstance(seen, Outgoing)
    for bits, reference in ((8, 255), (16, 65_535)):
        assert 1 <= len(build_segments(seen, reference, seen.created_ms, bits)) <= 255
    (seen.text or "").encode()
