"""Small things that the tests of several channels share."""

from datetime import UTC, datetime


def utc_without_zone(seconds: int) -> datetime:
    """Unix seconds as a world's table writes a moment."""
    return datetime.fromtimestamp(seconds, tz=UTC).replace(tzinfo=None)
