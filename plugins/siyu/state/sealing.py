"""How what is secret or personal stands in state.db: AES-256-GCM under the home's state key.

Here: one box that seals JSON and opens it again. Not here: where the key comes from (landing.personal).
"""

import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from siyu.errors import EnvironmentFaultError

_NONCE_BYTES = 12


class Box:
    """Seals JSON documents; a sealed one opens only under the name that it was sealed for."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, name: str, content: Any) -> bytes:
        """The sealed form of a JSON document."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, json.dumps(content).encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> Any:
        """What was sealed.

        Raises:
            EnvironmentFaultError: It was sealed with another key or for another name.
        """
        try:
            text = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise EnvironmentFaultError(
                f"what state.db holds for {name} does not open with the keys of this home",
                expected="the keys it was written with",
                do="restore keys and state.db from the same backup",
            ) from error
        return json.loads(text)
