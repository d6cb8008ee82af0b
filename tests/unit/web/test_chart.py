"""A chart carries its figures twice: for the drawing, and as a table."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC

from gsmgw.web.languages import Translator
from gsmgw.web.look import Look
from gsmgw.web.settings import WebSettings
from gsmgw.web.site import Site


async def test_a_chart_has_its_figures_as_a_table() -> None:
    site = Site(WebSettings(socket="/nowhere"), frozenset(), {})
    look = Look(site, Translator("en", {}), UTC, "owner")
    series = [{"label": "It's <b>", "tone": "good", "values": [3, None]}]
    made = look.macro("parts.html", "chart", "sent", "Sent", ["Mon", "Tue"], series, "line", "Day")
    await site.sessions.close()
    found = re.search(r"data-chart='([^']*)'", made)
    assert found
    shown = json.loads(html.unescape(found[1]))
    assert shown == {"labels": ["Mon", "Tue"], "series": series, "kind": "line", "zero": True}
    assert "<b>" not in made
    assert re.findall(r'<td class="num">(.*?)</td>', made) == ["3", "–"]
    assert '<th scope="row">Tue</th>' in made
