"""WeCom's refusals: a code and a text under HTTP 200."""

TEXTS = {
    -1: "system error",
    40001: "invalid credential",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40058: "invalid Request Parameter",
    40091: "invalid secret",
    40096: "invalid external userid",
    40097: "handover user not resigned",
    40100: "customer is being transferred",
    40130: "handover and takeover are the same user",
    40131: "not external contact of handover user",
    41001: "access_token missing",
    41063: "group message is being sent",
    42001: "access_token expired",
    45009: "api freq out of limit",
    45029: "response data too large",
    45033: "api concurrent out of limit",
    48002: "api forbidden for no authority",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    81013: "user & party & tag all invalid",
    81017: "query range too large",
    84061: "not external contact",
    600018: "invalid start time or end time",
}


class Refusal(Exception):  # noqa: N818 - an answer of the platform, no error of ours
    """The platform says no.

    Args:
        code: As in wecom_core.md, "Error → reaction".
        why: Appended to the platform's text; never a person's value.
    """

    def __init__(self, code: int, why: str = "") -> None:
        super().__init__(code)
        self.code = code
        text = TEXTS.get(code, "refused")
        self.text = f"{text}, {why}" if why else text


def bad_parameter(why: str) -> Refusal:
    """40058, saying which parameter."""
    return Refusal(40058, why)
