"""Twilio's Messages resource (twilio.com/docs/messaging/api)."""

from gsmgw.bridges.bridge import Bridge
from gsmgw.bridges.twilio.dialect import TwilioDialect
from gsmgw.bridges.twilio.routes import TwilioRoutes

TWILIO = Bridge(
    "twilio",
    ("/2010-04-01/",),
    is_on=lambda settings: settings.twilio,
    make_router=lambda ctx: TwilioRoutes(ctx).router,
    make_dialect=lambda settings: TwilioDialect(settings.twilio_account_sid or "", settings.twilio_auth_token or ""),
)
