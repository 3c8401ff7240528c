"""Refusals of Youzan, and the three shapes they come in under HTTP 200 (contract page youzan, "Calling", YS-err)."""

from typing import Any

Row = dict[str, Any]
WRONG_PARAMETER = 102570020  # the sample of the page; orders and refunds refuse a range with it here


class GatewayError(Exception):
    """Refused before any API saw the call."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class BusinessError(Exception):
    """Refused by the API itself."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class TokenError(Exception):
    """Refused by auth/token."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
