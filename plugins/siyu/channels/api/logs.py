"""No secret in a log: a filter for everything that speaks about requests.

Here: taking secrets out of a text, the filter, and the loggers that get it. Not here: what is logged.

httpx writes every URL, with tokens and signatures, at the level INFO; httpcore writes headers at DEBUG.
"""

import logging
import re

_NAMES = (
    r"access[_-]?token|refresh[_-]?token|auth[_-]?code|authorization|app[_-]?secret|client[_-]?secret|corpsecret|"
    r"secret|session|sign|code|token|set-cookie|cookie"
)
_IN_URL = re.compile(rf"(?i)\b({_NAMES})=[^&\s\"'<>]*")
# in JSON, in a repr of headers, in a form; a number after `code` is an error's code and stays
_IN_TEXT = re.compile(rf"(?i)(b?[\"']({_NAMES})[\"']\s*[:,]\s*b?)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
_LOGGERS = (
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)
_HIDDEN = "***"


def redact(text: str) -> str:
    """A text without the values of tokens, secrets, signatures and codes in URLs, JSON bodies and headers."""
    return _IN_TEXT.sub(rf"\1'{_HIDDEN}'", _IN_URL.sub(rf"\1={_HIDDEN}", text))


class SecretFilter(logging.Filter):
    """Lets every record pass, without secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the message by its redacted form where that differs; always true."""
        message = record.getMessage()
        if (redacted := redact(message)) != message:
            record.msg, record.args = redacted, ()
        return True


_FILTER = SecretFilter()


def hide_secrets() -> None:
    """Put the filter on every logger that may speak of a request; doing it again changes nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
