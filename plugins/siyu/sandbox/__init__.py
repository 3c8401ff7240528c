"""Generated input, so that siyu runs, is tried and is tested with no account anywhere."""

from datetime import date

DEFAULT_ORDERS = 20_000
DEFAULT_AS_OF = date(2025, 12, 31)  # past for everybody who runs it: later dates would be quarantined
DEFAULT_FIRST_DAY = date(2025, 1, 1)  # of the world
DEFAULT_LAST_DAY = date(2026, 6, 30)
