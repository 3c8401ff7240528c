"""How the shops' platforms show what the world holds in UTC and fen."""

from calendar import monthrange
from datetime import UTC, datetime

from siyu.sandbox.server.clock import CHINA


def in_world(moment: datetime) -> datetime:
    """An aware moment as the world's tables hold it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def china_text(at: datetime | None) -> str | None:
    """A moment of the world as `yyyy-MM-dd HH:mm:ss` in China time; None for what has not happened."""
    return at.replace(tzinfo=UTC).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if at else None


def unix_seconds(at: datetime | None) -> int | None:
    """A moment of the world as unix seconds; None for what has not happened."""
    return int(at.replace(tzinfo=UTC).timestamp()) if at else None


def yuan(fen: int) -> str:
    """Integer fen as a yuan string with two decimals: 1234 becomes "12.34", -5 "-0.05"."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time of the China calendar so many months earlier, or the last day of a shorter month."""
    local = moment.astimezone(CHINA)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))
