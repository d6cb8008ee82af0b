"""Kannel's ``sendsms`` (its user guide, chapter 6)."""

from gsmgw.bridges.bridge import Bridge
from gsmgw.bridges.kannel.dialect import KannelDialect
from gsmgw.bridges.kannel.routes import KannelRoutes

KANNEL = Bridge(
    "kannel",
    ("/cgi-bin/sendsms",),
    is_on=lambda settings: settings.kannel,
    make_router=lambda ctx: KannelRoutes(ctx).router,
    make_dialect=lambda settings: KannelDialect(),
)
