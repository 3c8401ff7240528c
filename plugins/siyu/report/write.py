"""Write the report of a home: `report/index.html`, whole, private to its owner."""

import time
from dataclasses import dataclass
from pathlib import Path

from siyu.report.page import page
from siyu.report.read import read_report
from siyu.settings import Home, Settings
from siyu.storage import written_whole


@dataclass(frozen=True, kw_only=True)
class WrittenReport:
    """What was written."""

    publication: int
    file: Path
    bytes: int
    seconds: float


def write_report(home: Home, settings: Settings, *, publication_id: int | None = None) -> WrittenReport:
    """Write the page about a publication; the page that was there before is replaced.

    Args:
        home: A home with a publication.
        settings: Time zone and currency of the words on the page, bounds of memory and threads.
        publication_id: None takes the current publication.

    Raises:
        UsageError: No such publication.
        DamagedFileError: A file of the publication is not what was published. The old page stands.
    """
    started = time.monotonic()
    report = read_report(home, settings, publication_id=publication_id)
    text = page(report).encode()
    with written_whole(home.report_file) as staged:
        staged.write_bytes(text)
    return WrittenReport(
        publication=report.publication.id,
        file=home.report_file,
        bytes=len(text),
        seconds=round(time.monotonic() - started, 3),
    )
