"""Logs: what speaks of a request speaks of no secret."""

import logging

import pytest

from siyu.channels.api.logs import hide_secrets, redact

CANARY = "Canary42"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://qyapi.weixin.qq.com/cgi-bin/gettoken?corpid=c&corpsecret={CANARY}",
        f"POST https://open.youzanyun.com/api/x/1.0.0?access_token={CANARY}&page=1 done",
        f"https://eco.taobao.com/router/rest?session={CANARY}&sign={CANARY}&method=m",
        f'{{"app_id": 1, "secret": "{CANARY}", "refresh_token": "a\\"{CANARY}", "auth_code": "{CANARY}"}}',
        f"{{'client_secret': '{CANARY}'}}",
        f"headers=[(b'Access-Token', b'{CANARY}'), (b'Accept', b'application/json')]",
        f"code={CANARY}&state=1",
    ],
)
def test_a_secret_is_taken_out_wherever_it_stands(text: str) -> None:
    assert CANARY not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"code": 40102, "message": "expired"}',
        "GET http://127.0.0.1/open_api/v3.0/report/custom/get/?page=2&page_size=100",
        "gift_code and barcode=690 and signed off",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_what_httpx_and_httpcore_say_is_filtered(everything_said: pytest.LogCaptureFixture) -> None:
    hide_secrets()
    for name in ("httpx", "httpcore.http11", "httpcore.connection"):
        logging.getLogger(name).info('HTTP Request: GET %s "200"', f"https://a/b?access_token={CANARY}")
    assert len(everything_said.records) == 3
    assert CANARY not in everything_said.text
    assert "access_token=***" in everything_said.text
