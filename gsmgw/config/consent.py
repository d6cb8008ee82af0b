"""Settings of consent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gsmgw.config.confidential import Confidential
from gsmgw.config.fields import Section, form


def _with_marketing(value: list[str]) -> list[str]:
    if "marketing" not in value:
        raise ValueError('must contain "marketing": nobody who opted out may get advertising')
    return value


_Language = Annotated[str, form(r"[a-z]{2}", 'must be a language code of two letters, for example "de"')]
_Texts = dict[_Language, Annotated[str, Field(min_length=1, max_length=480)]]


class ConsentSection(Section):
    """[consent]: opt-outs, and the answers to them."""

    #: Country whose prescribed keywords are final; default: "us" if the country of the gateway is the US.
    profile: Literal["us", "none"] | None = None
    #: Purposes that are blocked after an opt-out of everything.
    blocks: Annotated[list[Literal["transactional", "marketing", "conversation"]], AfterValidator(_with_marketing)] = (
        Field(["transactional", "marketing", "conversation"])
    )
    #: Answer opt-outs, START and HELP.
    replies: bool = True
    #: Language of answers to people whose language is not known.
    language: _Language = "en"
    #: Name of the sender; it begins the default answers.
    name: Annotated[str, Field(max_length=60), Confidential.PERSONAL] = ""
    #: Texts by language that replace the default answers.
    stop_reply: Annotated[_Texts, Confidential.PERSONAL] = Field(default_factory=dict)
    start_reply: Annotated[_Texts, Confidential.PERSONAL] = Field(default_factory=dict)
    help_reply: Annotated[_Texts, Confidential.PERSONAL] = Field(default_factory=dict)
    question: Annotated[_Texts, Confidential.PERSONAL] = Field(default_factory=dict)
