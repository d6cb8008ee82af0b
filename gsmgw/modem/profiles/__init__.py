"""Profiles of families of modems, as data: each is a difference from the generic one.

To add a family: a file with its profiles, its row in ``PROFILES`` below, and a transcript in tests/transcripts that
fails without it (docs/guides/add-a-modem.md).
"""

from __future__ import annotations

import re

from gsmgw.modem.profiles import cinterion, huawei, others, quectel, simcom, zte
from gsmgw.modem.profiles.base import CNMI_DIRECT_SETTINGS, GENERIC, Profile, Reading

#: In the order in which they are matched: the more specific come first.
PROFILES: tuple[Profile, ...] = (
    *huawei.PROFILES,
    *zte.PROFILES,
    *quectel.PROFILES,
    *simcom.PROFILES,
    *cinterion.PROFILES,
    *others.PROFILES,
    GENERIC,
)


def choose_profile(identity: str, profiles: tuple[Profile, ...] = PROFILES) -> Profile:
    """Return the profile for a modem with that ``identity``: manufacturer, model, revision. Else the generic one."""
    return next((profile for profile in profiles if matching_pattern(profile, identity) is not None), GENERIC)


def matching_pattern(profile: Profile, identity: str) -> str | None:
    """Return the first pattern of a profile that matches an identity; None if none does."""
    return next((pattern for pattern in profile.matches if re.search(pattern, identity, re.IGNORECASE)), None)


def named_profile(name: str, profiles: tuple[Profile, ...] = PROFILES) -> Profile | None:
    """Return the profile of that name; None if it does not exist."""
    return next((profile for profile in profiles if profile.name == name), None)


__all__ = [
    "CNMI_DIRECT_SETTINGS",
    "GENERIC",
    "PROFILES",
    "Profile",
    "Reading",
    "choose_profile",
    "matching_pattern",
    "named_profile",
]
