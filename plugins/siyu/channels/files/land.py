"""One claimed file into raw: read and landed, or known already."""

from datetime import datetime

from siyu.channels.files.claims import SourceFile
from siyu.channels.files.extract import extract, source_of
from siyu.channels.files.mapping import Mapping, SourceMapping
from siyu.landing import LoadRecord, land, registered
from siyu.settings import Home, Settings


def land_file(
    mapping: Mapping,
    source: SourceMapping,
    file: SourceFile,
    settings: Settings,
    home: Home,
    *,
    landed_at: datetime | None = None,
) -> LoadRecord:
    """The load of a file; rows are read only where these bytes have not landed by this mapping.

    Args:
        mapping: Says how the file is read.
        source: The source of the mapping that claims it.
        file: What `claim_files` found.
        settings: Limits, business time zone, reporting currency.
        home: Where to land.
        landed_at: Moment of the landing, aware; the clock when not given.

    Raises:
        SourceError: The file is not what the mapping says, or changed while it was read. Nothing has landed.
        RefusedError: As `siyu.landing.land`.
    """
    if done := registered(home, source_of(mapping, source, file)):
        return done
    with extract(mapping, source, file, settings, home) as (connection, origin, batches):
        return land(connection, home, settings, origin, batches, landed_at=landed_at)
