"""The vendors' own error codes: the same number means different things, and nothing without a profile."""

from __future__ import annotations

import pytest

from gsmgw.errors import Disposition
from gsmgw.modem.profiles.vendor_causes import QUECTEL_CMS, SIEMENS_CMS, WAVECOM_CMS
from gsmgw.pdu.causes import cms_cause

TABLES = {"wavecom": WAVECOM_CMS, "siemens": SIEMENS_CMS, "quectel": QUECTEL_CMS}


def test_vendors_mean_different_things() -> None:
    assert WAVECOM_CMS[513].disposition is Disposition.UNKNOWN
    assert SIEMENS_CMS[513].disposition is Disposition.MODEM
    assert WAVECOM_CMS[512].disposition is Disposition.LATER
    assert SIEMENS_CMS[517].disposition is Disposition.NEVER
    assert QUECTEL_CMS[604].disposition is Disposition.LATER
    assert {c for c, cause in SIEMENS_CMS.items() if cause.our_fault} == {
        *range(515, 521), 538, 549, 550, 551, 553, 554,
    }  # fmt: skip
    assert {c for c, cause in SIEMENS_CMS.items() if cause.disposition is Disposition.MODEM} == {513, 770, 772}


@pytest.mark.parametrize("table", TABLES.values())
def test_vendor_codes_start_at_512(table: dict[int, object]) -> None:
    assert min(table) >= 512


def test_without_a_profile_a_vendor_code_means_nothing() -> None:
    unknown = cms_cause(513)
    assert (unknown.disposition, unknown.attempts, unknown.then) == (Disposition.LATER, 3, Disposition.MODEM)
    assert "vendor" in unknown.title


def test_the_vendor_tables_whole() -> None:
    later = {
        vendor: {code for code, cause in table.items() if cause.disposition is Disposition.LATER}
        for vendor, table in TABLES.items()
    }
    assert later == {
        "wavecom": {512, 514, 515},
        "siemens": {512, 514, 521, 522, 532, 535, 615, 616},
        "quectel": {604},
    }
    changing = {code: (c.attempts, c.then) for code, c in SIEMENS_CMS.items() if c.then}
    assert changing == {512: (3, Disposition.MODEM), 514: (3, Disposition.MODEM)}
    assert {code for code, c in SIEMENS_CMS.items() if c.disposition is Disposition.NEVER} == {
        *range(515, 521), 538, 549, 550, 551, 553, 554,
    }  # fmt: skip
    pauses = {code: c.pause_s for table in TABLES.values() for code, c in table.items() if c.pause_s}
    assert pauses == {515: 1.0, 604: 1.0}
