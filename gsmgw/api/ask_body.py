"""The question that a message asks, in the bodies of requests."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gsmgw.api.body import Body
from gsmgw.api.fields import Text
from gsmgw.model.questions import MAX_HOURS, Ask
from gsmgw.templates import SOURCE_LIMIT

_Source = Annotated[Text, Field(max_length=SOURCE_LIMIT)]


class AskIn(Body):
    """The next text of the recipient sets a field of the contact."""

    field: Annotated[Text, Field(min_length=1, max_length=100, description="A declared field, or name")]
    hours: int = Field(MAX_HOURS, ge=1, le=MAX_HOURS, strict=True, description="How long it can be answered")
    thanks: _Source | None = Field(
        None, description="The answer to a value, Liquid with {{ answer }}; null: a default text, empty: none"
    )
    again: _Source | None = Field(
        None, description="The answer to a text that cannot be read, once; null: a default text, empty: none"
    )

    def ask(self) -> Ask:
        """Return it for the service."""
        return Ask(self.field, self.hours, self.thanks, self.again)
