"""Signatures of the Taobao open platform (contract page taobao, "Gateway and signing", OT core/client.go)."""

import hashlib
import hmac
from collections.abc import Mapping

METHODS = ("md5", "hmac", "hmac-sha256")


def signature(parameters: Mapping[str, str], *, secret: str, method: str) -> str:
    """What `sign` must be: upper-case hex over every parameter, system and business, except `sign` itself.

    Args:
        parameters: As the caller sent them, decoded from the form once and not encoded again.
        secret: The app's.
        method: One of METHODS.
    """
    # Bytes sort as code points do: the platform sorts keys as ASCII, so `fooBar` stands before `foo_bar`.
    joined = "".join(key + parameters[key] for key in sorted(parameters) if key != "sign").encode()
    key = secret.encode()
    match method:
        case "md5":
            digest = hashlib.md5(key + joined + key, usedforsecurity=False).hexdigest()
        case "hmac":
            digest = hmac.new(key, joined, hashlib.md5).hexdigest()
        case _:
            digest = hmac.new(key, joined, hashlib.sha256).hexdigest()
    return digest.upper()
