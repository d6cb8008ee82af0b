"""Recipients as people write them: a number, or the name of a contact or a group."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gsmgw.audience.errors import NotFound
from gsmgw.audience.groups import Groups
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound.errors import Refusal
from gsmgw.store import Store, contacts
from gsmgw.wire.problems import ProblemCode

#: Members of a group that are texted at once. More is a campaign.
MAX_MEMBERS = 1000


class Recipients:
    """Finds the numbers of recipients. ``country`` returns the country of numbers without a plus."""

    def __init__(self, store: Store, groups: Groups, country: Callable[[], str | None]) -> None:
        self._store = store
        self._groups = groups
        self._country = country

    async def numbers_of(self, recipients: Iterable[str]) -> list[str]:
        """Return the numbers of several recipients, each once. Raises :class:`Refusal`."""
        found: dict[str, None] = {}
        for each in recipients:
            found |= dict.fromkeys(await self.numbers(each))
        return list(found)

    async def numbers(self, recipient: str) -> list[str]:
        """Return the numbers of one recipient: of a group all members. Raises :class:`Refusal`."""
        try:
            return [parse_recipient(recipient, self._country())]
        except NumberError as exc:
            reason = str(exc)
        people = await self._store.read(lambda db: contacts.find(db, contacts.named(recipient), 3))
        members = await self._members(recipient)
        shown = repr(recipient[:60])
        if people and members is not None:
            raise _refused(f"{shown} is the name of a contact and of a group: write the number of the contact")
        if len(people) > 1:
            raise _refused(f"{shown} is the name of {len(people)} contacts or more: write the number")
        if members is not None:
            return members
        if people:
            return [people[0].number]
        if any(char.isalpha() for char in recipient):
            raise _refused(f"{shown} is not a number and not the name of a contact or a group")
        raise _refused(f"{shown} {reason}")

    async def _members(self, name: str) -> list[str] | None:
        try:
            wanted = await self._groups.members(name)
        except NotFound:
            return None
        found = await self._store.read(lambda db: contacts.find(db, wanted, MAX_MEMBERS + 1))
        if len(found) > MAX_MEMBERS:
            raise _refused(f"the group {name[:60]!r} has more than {MAX_MEMBERS} members: use a campaign")
        if not found:
            raise _refused(f"the group {name[:60]!r} has no members")
        return [contact.number for contact in found]


def _refused(detail: str) -> Refusal:
    return Refusal(ProblemCode.INVALID_NUMBER, "to", detail)
