"""The sandbox's core: clock, faults on the wire and in pages, counters, rate limits; seen from outside over HTTP."""

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from siyu.errors import UsageError
from siyu.sandbox.server.app import make_server
from siyu.sandbox.server.apps import write_secrets
from siyu.sandbox.server.calls import Calls, most_in_one_second
from tests.sandbox.server.conftest import Running, running, write_world
from tests.sandbox.server.wecom_world import AT, TABLES

FOLLOWERS = "/cgi-bin/externalcontact/get_follow_user_list"
BATCH = "/cgi-bin/externalcontact/batch/get_by_user"
STATISTIC = "/cgi-bin/externalcontact/groupchat/statistic"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(write_world(tmp_path_factory.mktemp("world"), TABLES), at=AT) as server:
        yield server


@pytest.fixture
def sandbox(served: Running) -> Running:
    served.admin.post("/reset")
    return served


@pytest.fixture
def wecom(sandbox: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{sandbox.base}/wecom", trust_env=False, timeout=5) as client:
        client.params = {"access_token": fetched(sandbox, client)}
        yield client


def fetched(sandbox: Running, client: httpx.Client) -> str:
    app = sandbox.app("wecom")
    query = {"corpid": app.app_id, "corpsecret": app.secret}
    return str(client.get("/cgi-bin/gettoken", params=query).json()["access_token"])


def batch(wecom: httpx.Client, **body: object) -> dict[str, Any]:
    reply: dict[str, Any] = wecom.post(BATCH, json={"userid_list": ["guide01"], **body}).json()
    return reply


def ids(reply: dict[str, Any]) -> list[str]:
    return [row["external_contact"]["external_userid"] for row in reply["external_contact_list"]]


# -- transport (F16) and channel down (F19) ----------------------------------------------------------------------------


def test_f16_a_reset_reaches_the_client_as_a_reset(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("reset", channel="wecom", times=1)
    with pytest.raises(httpx.ReadError):
        wecom.get(FOLLOWERS)
    assert wecom.get(FOLLOWERS).json()["errcode"] == 0


def test_f16_half_a_body_breaks_off_inside_the_announced_length(
    sandbox: Running, wecom: httpx.Client
) -> None:
    sandbox.fault("half_body", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        wecom.get(FOLLOWERS)


def test_f16_a_content_length_below_the_body_cuts_the_json(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("wrong_length", times=1)
    text = wecom.get(FOLLOWERS).text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_f16_broken_gzip_does_not_unpack(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("broken_gzip", times=1)
    with pytest.raises(httpx.DecodingError):
        wecom.get(FOLLOWERS)


def test_f16_html_in_the_place_of_json_and_a_bare_500(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("html", times=1)
    sandbox.fault("http_500", times=1)
    page = wecom.get(FOLLOWERS)
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert wecom.get(FOLLOWERS).status_code == 500


def test_f16_a_stall_outlasts_a_read_timeout(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("stall", times=1, options={"seconds": 1})
    with pytest.raises(httpx.ReadTimeout):
        wecom.get(FOLLOWERS, timeout=0.2)


def test_f19_a_channel_that_is_down_resets_every_call_and_others_go_on(
    sandbox: Running, wecom: httpx.Client
) -> None:
    sandbox.fault("down", channel="wecom")
    for _ in range(3):
        with pytest.raises(httpx.ReadError):
            wecom.get(FOLLOWERS)
    assert sandbox.admin.get("/clock").status_code == 200
    sandbox.admin.delete("/faults")
    assert wecom.get(FOLLOWERS).json()["errcode"] == 0


# -- tokens (F14) and rates (F15) --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "code"), [("token_expired", 42001), ("token_revoked", 40014)])
def test_f14_a_token_ends_in_mid_page_and_stays_dead(
    sandbox: Running, wecom: httpx.Client, kind: str, code: int
) -> None:
    sandbox.fault(kind, channel="wecom", endpoint=BATCH, after=1, times=1)
    first = batch(wecom, limit=1)
    assert (first["errcode"], ids(first)) == (0, ["wmAAA1"])
    assert batch(wecom, limit=1, cursor=first["next_cursor"])["errcode"] == code
    assert batch(wecom, limit=1, cursor=first["next_cursor"])["errcode"] == 40014
    wecom.params = {"access_token": fetched(sandbox, wecom)}
    assert ids(batch(wecom, limit=1, cursor=first["next_cursor"])) == ["wmAAA2"]


def test_f15_429_with_and_without_retry_after(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("http_429", times=1, options={"retry_after": 7})
    sandbox.fault("http_429", times=1)
    first, second = wecom.get(FOLLOWERS), wecom.get(FOLLOWERS)
    assert (first.status_code, first.headers["retry-after"]) == (429, "7")
    assert (second.status_code, "retry-after" in second.headers) == (429, False)


def test_f15_a_quota_that_is_gone_comes_back_on_the_next_day_in_china(
    sandbox: Running, wecom: httpx.Client
) -> None:
    sandbox.fault("quota_gone", endpoint=FOLLOWERS)
    assert [wecom.get(FOLLOWERS).json()["errcode"] for _ in range(2)] == [45009, 45009]
    assert batch(wecom)["errcode"] == 0, "other endpoints are not touched"
    for moment, code in (("2026-03-01T23:59:59+08:00", 45009), ("2026-03-02T00:00:00+08:00", 0)):
        sandbox.clock(at=moment)
        wecom.params = {"access_token": fetched(sandbox, wecom)}
        assert wecom.get(FOLLOWERS).json()["errcode"] == code


def test_f15_any_code_of_the_platform_can_be_asked_for(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("refused", times=1, options={"code": 60020})
    assert wecom.get(FOLLOWERS).json()["errcode"] == 60020


def test_f15_the_counters_tell_the_most_calls_in_any_one_second_per_app(
    sandbox: Running, wecom: httpx.Client
) -> None:
    for _ in range(5):
        wecom.get(FOLLOWERS)
    sandbox.admin.post("/latency", json={"seconds": 0.5})
    wecom.get(FOLLOWERS)
    [counted] = sandbox.calls(FOLLOWERS)
    assert counted["app"] == f"{sandbox.app('wecom').app_id}/self_built"
    assert counted["calls"] == 6
    assert 1 <= counted["most_in_one_second"] <= 6


def test_a_burst_across_the_turn_of_a_second_is_counted_whole() -> None:
    assert most_in_one_second([]) == 0
    assert most_in_one_second([0.0, 0.9, 0.95, 1.0, 1.05, 1.8]) == 5, "from 0.9 to 1.8"
    assert most_in_one_second([3.0, 1.0, 2.0]) == 1, "exactly a second apart, answered in another order"


def test_a_call_from_before_a_reset_is_counted_after_it() -> None:
    calls = Calls()
    arrived = calls.moment()
    calls.reset()
    calls.add("wecom", "", "/late", arrived=arrived)
    assert calls.listed() == []


# -- paging (F17) ------------------------------------------------------------------------------------------------------


def read(wecom: httpx.Client, *, most: int = 10) -> tuple[list[str], list[str]]:
    """Ids of all pages of one row each, and the cursors that came, up to a bound."""
    found: list[str] = []
    cursors: list[str] = []
    for _ in range(most):
        reply = batch(wecom, limit=1, cursor=cursors[-1] if cursors else "")
        found += ids(reply)
        if not reply["next_cursor"]:
            break
        cursors.append(reply["next_cursor"])
    return found, cursors


def test_f17_an_empty_middle_page_loses_no_row_to_a_reader_who_goes_on(
    sandbox: Running, wecom: httpx.Client
) -> None:
    sandbox.fault("empty_page", endpoint=BATCH, after=1, times=1)
    found, cursors = read(wecom)
    assert found == ["wmAAA1", "wmAAA2", "wmAAA3"]
    assert len(cursors) == len(set(cursors)) == 3, "one page more than there are rows"


def test_f17_a_cursor_repeats(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("cursor_repeats", endpoint=BATCH, after=1)
    found, cursors = read(wecom, most=5)
    assert found == ["wmAAA1", "wmAAA2", "wmAAA2", "wmAAA2", "wmAAA2"]
    assert len(set(cursors)) == 1


def test_f17_there_is_always_a_next_page(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("endless", endpoint=BATCH)
    found, cursors = read(wecom, most=8)
    assert found == ["wmAAA1", "wmAAA2", "wmAAA3"]
    assert len(set(cursors)) == 8


def test_f17_the_last_page_comes_twice(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("last_page_twice", endpoint=BATCH)
    assert read(wecom)[0] == ["wmAAA1", "wmAAA2", "wmAAA3", "wmAAA3"]


def test_f17_the_announced_total_is_not_the_rows(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.fault("total_changes", endpoint=STATISTIC, options={"by": 3})
    reply = wecom.post(STATISTIC, json={"day_begin_time": 1772121600}).json()
    assert (reply["total"], len(reply["items"])) == (5, 2)


def test_f17_rows_appear_while_a_list_is_read(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.clock(advance_seconds=6 * 3600 - 400)
    wecom.params = {"access_token": fetched(sandbox, wecom)}
    sandbox.clock(per_call_seconds=300)
    counts = [len(batch(wecom, userid_list=["guide02"])["external_contact_list"]) for _ in range(2)]
    assert counts == [1, 2], "a friendship began six hours after the start"


# -- schema (F18) ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "contact"),
    [
        ("field_added", {"field": "vip", "to": 1}, {"gender": 2, "vip": 1}),
        ("field_removed", {"field": "gender"}, {}),
        ("field_renamed", {"field": "gender", "to": "sex"}, {"sex": 2}),
        ("type_changed", {"field": "gender"}, {"gender": "2"}),
        ("null_value", {"field": "gender"}, {"gender": None}),
        ("new_value", {"field": "gender", "to": 9}, {"gender": 9}),
        ("fen_for_yuan", {"field": "gender"}, {"gender": 200}),
    ],
)
def test_f18_a_field_drifts(
    sandbox: Running, wecom: httpx.Client, kind: str, options: dict[str, object], contact: dict[str, object]
) -> None:
    sandbox.fault(kind, endpoint=BATCH, options={**options, "where": "external_contact"})
    shown = batch(wecom, limit=1)["external_contact_list"][0]["external_contact"]
    assert {name: shown[name] for name in ("gender", "vip", "sex") if name in shown} == contact


# -- determinism and the admin endpoint --------------------------------------------------------------------------------


def outcomes(sandbox: Running, wecom: httpx.Client, seed: int) -> list[int]:
    sandbox.admin.delete("/faults")
    sandbox.fault("http_500", endpoint=FOLLOWERS, share=0.2, seed=seed)
    return [wecom.get(FOLLOWERS).status_code for _ in range(60)]


def test_the_same_seed_strikes_the_same_calls_and_about_the_share(
    sandbox: Running, wecom: httpx.Client
) -> None:
    first, again, other = (outcomes(sandbox, wecom, seed) for seed in (7, 7, 8))
    assert first == again != other
    assert 4 <= first.count(500) <= 22, "60 calls at 20 %"


def test_a_fault_nobody_knows_is_refused_and_nothing_is_switched_on(sandbox: Running) -> None:
    assert sandbox.admin.post("/faults", json={"kind": "meteor"}).status_code == 422
    assert sandbox.admin.post("/faults", json={"kind": "reset", "chanel": "wecom"}).status_code == 422
    assert sandbox.admin.get("/faults").json() == []


def test_reset_brings_back_clock_limits_counters_and_forgets_tokens(
    sandbox: Running, wecom: httpx.Client
) -> None:
    sandbox.clock(at="2027-01-01T00:00:00Z", per_call_seconds=5)
    sandbox.fault("down")
    sandbox.admin.post("/reset")
    everything = sandbox.admin.get("/state").json()
    assert everything["clock"] == {"at": AT.isoformat(), "per_call_seconds": 0}
    assert (everything["faults"], everything["calls"]) == ([], [])
    assert wecom.get(FOLLOWERS).json()["errcode"] == 40014


def test_the_admin_endpoint_answers_on_loopback_only(tmp_path: Path) -> None:
    server = make_server(write_world(tmp_path, {"departments": []}), at=AT)
    for address, status in (("127.0.0.1", 200), ("192.0.2.7", 403)):
        transport = httpx.ASGITransport(app=server.wire, client=(address, 1234))
        assert _get(transport, "http://sandbox/_admin/clock") == status


def _get(transport: httpx.ASGITransport, url: str) -> int:
    import anyio

    async def get() -> int:
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.get(url)).status_code

    return anyio.run(get)


def test_latency_is_added_to_every_answer_of_a_channel(sandbox: Running, wecom: httpx.Client) -> None:
    sandbox.admin.post("/latency", json={"seconds": 0.3})
    assert wecom.get(FOLLOWERS).elapsed.total_seconds() >= 0.3


# -- apps and worlds ---------------------------------------------------------------------------------------------------


def test_secrets_are_written_for_their_owner_alone_even_over_an_open_file(
    served: Running, tmp_path: Path
) -> None:
    path = tmp_path / "apps.json"
    path.touch(mode=0o644)
    write_secrets(path, served.apps)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = json.loads(path.read_text())["apps"]
    assert {app["secret"] for app in written} == {app.secret for app in served.apps}


def test_the_same_seed_gives_the_same_apps_so_that_a_restart_knows_its_callers(tmp_path: Path) -> None:
    folder = write_world(tmp_path, {"departments": []})
    first, again, other = (make_server(folder, at=AT, seed=seed).apps for seed in ("1", "1", "2"))
    assert first == again
    assert not {app.secret for app in first} & {app.secret for app in other}


def test_a_folder_without_a_world_is_refused_before_anything_listens(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="siyu sandbox world"):
        make_server(tmp_path, at=AT)


def test_bytes_that_are_no_json_are_a_parameter_error_not_a_crash(
    sandbox: Running, wecom: httpx.Client
) -> None:
    for body in (b"{", b"[]", b'"x"', b"\xff\xfe", b'{"userid": "\\ud800"}', b'{"a":' * 20_000):
        assert wecom.post(BATCH, content=body).json()["errcode"] == 40058
    with socket.create_connection(("127.0.0.1", int(sandbox.base.rsplit(":", 1)[1]))) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")
