"""Which publication each target shows: marts.duckdb, and PostgreSQL where it is configured.

Here: asking them, also those that are out of reach. Not here: changing them (publish).
"""

from siyu.errors import DamagedFileError, EnvironmentFaultError, UsageError
from siyu.publication.manifest import read_manifest
from siyu.publication.postgres import is_configured
from siyu.publication.records import publication_folder
from siyu.publication.serving import served_id
from siyu.settings import Home

POSTGRES = "PostgreSQL"


def shown_by_target(home: Home) -> dict[str, int | None]:
    """The publication that each target shows, by name of the target; None: nothing, or it cannot be read."""
    shown: dict[str, int | None] = {home.marts_file.name: _in_marts_file(home)}
    if is_configured(home):
        shown[POSTGRES] = _in_postgres(home)
    return shown


def standing(home: Home) -> str:
    """The same in words, for a message: `marts.duckdb shows publication 3, PostgreSQL shows publication 3`."""
    return ", ".join(
        f"{target} shows {f'publication {shown}' if shown else 'nothing that can be read'}"
        for target, shown in shown_by_target(home).items()
    )


def postgres_state(home: Home) -> str:
    """As `published_state`, computed in PostgreSQL over the tables of the publication that it shows.

    Empty when it shows nothing.

    Raises:
        EnvironmentFaultError: It cannot be reached.
        UsageError: No PostgreSQL is configured.
        DamagedFileError: The home lacks the publication that PostgreSQL shows.
    """
    from siyu.publication.postgres.connection import serving_uri
    from siyu.publication.postgres.target import look_at_target

    uri = serving_uri(home)
    if uri is None:
        raise UsageError("no PostgreSQL is configured", do="set connection postgres_serving")
    with look_at_target(uri) as postgres:
        shown = postgres.shown_id()
        if shown is None:
            return ""
        return postgres.published_state(read_manifest(publication_folder(home, shown)))


def _in_marts_file(home: Home) -> int | None:
    try:
        return served_id(home)
    except DamagedFileError:
        return None


def _in_postgres(home: Home) -> int | None:
    from siyu.publication.postgres.connection import serving_uri
    from siyu.publication.postgres.target import look_at_target

    try:
        uri = serving_uri(home)
        if uri is None:
            return None
        with look_at_target(uri) as postgres:
            return postgres.shown_id()
    except (EnvironmentFaultError, UsageError):
        return None
