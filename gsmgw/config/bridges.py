"""Settings of the bridges: APIs of other gateways."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from gsmgw.config.confidential import Confidential
from gsmgw.config.fields import AllowedTarget, Section, form

AccountSid = Annotated[str, form(r"AC[0-9a-f]{32}", "must be AC and 32 hexadecimal digits, in lower case")]


class CompatSection(Section):
    """[compat]: APIs of other gateways, for programs that were written for them."""

    kannel: bool = False
    smsgate: bool = False
    twilio: bool = False
    #: Key that signs SMSGate's webhooks; without it they are not signed.
    smsgate_signing_key: Annotated[str | None, Confidential.SECRET] = Field(None, min_length=8)
    #: The account of the Twilio bridge. Its token signs the callbacks, so it cannot be stored as a hash.
    twilio_account_sid: Annotated[AccountSid | None, Confidential.PERSONAL] = None
    twilio_auth_token: Annotated[str | None, Confidential.SECRET] = Field(None, min_length=16)

    #: Callback targets to allow besides public addresses over https; the same values as in [webhooks] allow.
    callback_allow: list[AllowedTarget] = Field(default_factory=list)

    @model_validator(mode="after")
    def _account(self) -> CompatSection:
        if self.twilio and (self.twilio_account_sid is None or self.twilio_auth_token is None):
            raise ValueError("twilio needs twilio_account_sid and twilio_auth_token")
        return self
