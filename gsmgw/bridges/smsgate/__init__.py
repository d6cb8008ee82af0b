"""SMSGate (SMS Gateway for Android): docs.sms-gate.app, and its published Python client."""

from gsmgw.bridges.bridge import Bridge
from gsmgw.bridges.smsgate.dialect import SmsgateDialect
from gsmgw.bridges.smsgate.routes import SmsgateRoutes

SMSGATE = Bridge(
    "smsgate",
    ("/3rdparty/",),
    is_on=lambda settings: settings.smsgate,
    make_router=lambda ctx: SmsgateRoutes(ctx).router,
    make_dialect=lambda settings: SmsgateDialect(settings.smsgate_signing_key),
)
