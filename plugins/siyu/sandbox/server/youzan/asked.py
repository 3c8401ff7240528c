"""Parameters of one call, and how Youzan judges them.

A parameter of the wrong type is a gateway error (5001: "usually wrong parameter type (date without time!)"), one out of
its range a business error.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from siyu.sandbox.server.clock import CHINA
from siyu.sandbox.server.faults import Fault
from siyu.sandbox.server.youzan.errors import WRONG_PARAMETER, BusinessError, GatewayError, Row

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an admitted call asks for.

    Args:
        body: The JSON object that was sent.
        now: Aware; the world's time, less the lag of lists and details.
        fault: What is to be acted out, if anything.
    """

    body: Row
    now: datetime
    fault: Fault | None

    def text(self, name: str) -> str:
        """Text, empty when it is absent."""
        value = self.body.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise _wrong_type(name, "text")
        return value

    def whole(self, name: str) -> int | None:
        """A whole number, or None when it is absent; text of digits is none."""
        value = self.body.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
            return value
        raise _wrong_type(name, "a whole number")

    def flag(self, name: str) -> bool | None:
        """A truth value, or None when it is absent."""
        value = self.body.get(name)
        if value is not None and not isinstance(value, bool):
            raise _wrong_type(name, "true or false")
        return value

    def page(self, *, most_pages: int, most_rows: int, default: int = 20) -> tuple[int, int]:
        """`page_no`, counted from 1, and `page_size`, each within its range."""
        number = self.whole("page_no")
        size = self.whole("page_size")
        number, size = 1 if number is None else number, default if size is None else size
        if not 1 <= number <= most_pages or not 1 <= size <= most_rows:
            raise BusinessError(
                WRONG_PARAMETER, f"page_no must be 1 to {most_pages}, page_size 1 to {most_rows}"
            )
        return number, size

    def moment(self, name: str) -> datetime | None:
        """A China time `yyyy-MM-dd HH:mm:ss`, or None when it is absent."""
        text = self.text(name)
        if not text:
            return None
        try:
            return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=CHINA).astimezone(UTC)
        except (ValueError, OverflowError):
            raise _wrong_type(name, "yyyy-MM-dd HH:mm:ss") from None

    def instant(self, name: str) -> datetime | None:
        """Unix seconds, or None when absent. Milliseconds are read as seconds too, and lie in a far future."""
        seconds = self.whole(name)
        return None if seconds is None else datetime.fromtimestamp(min(max(seconds, 0), FAR), tz=UTC)

    def required(self, name: str) -> Any:
        """A value that must be there."""
        value = self.body.get(name)
        if value in (None, ""):
            raise BusinessError(WRONG_PARAMETER, f"{name} is required")
        return value


FAR = 4_102_444_800  # 2100-01-01


def _wrong_type(name: str, expected: str) -> GatewayError:
    return GatewayError(5001, f"parameter {name}: {expected} is expected")
