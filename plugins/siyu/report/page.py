"""The report as one HTML page.

Here: filling the frame (page.html) and putting style and script into it. Not here: the numbers (read), the tables
(sections), how a chart is drawn from its table (page.js). The page loads nothing and runs no script but its own: its
policy says so, whatever a brand or a campaign is called.
"""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from siyu.report.read import Report
from siyu.report.sections import Sections
from siyu.report.tables import (
    AMOUNT,
    CHANGE,
    COUNT,
    PERCENT,
    SHADES,
    both,
    moment,
    percent_change,
    shade,
    words,
)

_ROOM = Path(__file__).parent


def page(report: Report) -> str:
    """The whole page, UTF-8 when encoded. Equal reports give equal pages."""
    script = (_ROOM / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(_ROOM),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        report=report,
        sections=Sections(report),
        script=Markup(script),  # noqa: S704 - a file of this package
        script_digest=digest,
        style=Markup((_ROOM / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - a file of this package
        t=words,
        both=both,
        shade=shade,
        range_of_shades=range(SHADES),
        moment=moment,
        percent_change=percent_change,
        show={"count": COUNT, "amount": AMOUNT, "percent": PERCENT, "change": CHANGE},
    )
