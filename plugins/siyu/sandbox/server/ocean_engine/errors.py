"""How Ocean Engine refuses (contract page ads, section 1, "Errors", OE-1696710760866831)."""

from typing import NoReturn


class OceanError(Exception):
    """A refusal: HTTP 200 with a code (contract page ads, "Errors")."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def refuse(code: int, message: str) -> NoReturn:
    """Refuse a call."""
    raise OceanError(code, message)
