"""People are told once, in bounded time, and never a secret: through apprise to a real server on loopback."""

import base64
import hashlib
import hmac
import logging
import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot
from typer.testing import CliRunner

from siyu.cli.notify import notify
from siyu.errors import EnvironmentFaultError, RefusedError, UsageError
from siyu.orchestration import alerts, robots
from siyu.orchestration.journal import recorded
from siyu.publication import current_publication, publish_candidate
from siyu.settings import Home, Settings, load_settings
from siyu.state import outbox
from tests.orchestration.robot import Robot, running_robot
from tests.publication.small_candidates import write_candidate

RUN = "night7"


@pytest.fixture
def robot(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Robot]:
    """A robot that is the only address of the home that callbacks find."""
    monkeypatch.setenv("SIYU_HOME", str(home.root))
    with running_robot() as running:
        monkeypatch.setenv(robots.ADDRESSES_VARIABLE, running.address())
        yield running


def context(dag: str, step: str = "audit", *, run: str = RUN, reason: str = "task_failure") -> dict[str, Any]:
    """What Airflow hands a callback of a DAG's run, as far as ours read it."""
    return {
        "dag": SimpleNamespace(dag_id=dag),
        "task_instance": SimpleNamespace(task_id=step),
        "params": {"run_id": run},
        "run_id": "manual__2026-11-20",
        "reason": reason,
    }


def fail_at(home: Home, step: str, error: BaseException) -> None:
    """Leave in the journal what a failing step leaves there."""
    with pytest.raises(type(error)), recorded(home, RUN, step):
        raise error


REFUSAL = RefusedError(
    "the audit refused run night7: fct_orders.amounts on fct_orders failed, 3 rows",
    expected="every critical check to pass",
    do="look at verdict.html",
)


def test_a_message_leaves_out_what_failed_what_to_do_or_what_stands(
    home: Home, settings: Settings, robot: Robot
) -> None:
    write_candidate(home, "night6")
    publish_candidate(home, settings, "night6")
    fail_at(home, "audit", REFUSAL)
    alerts.tell_failure(context("publish_marts"))
    assert robot.titles == ["siyu: publish_marts failed at audit"]
    published_at = getattr(current_publication(home), "published_at", None)
    assert robot.told[0]["message"].splitlines() == [
        "dag: publish_marts, step: audit, run: night7",
        "found: the audit refused run night7: fct_orders.amounts on fct_orders failed, 3 rows",
        "expected: every critical check to pass",
        "do: look at verdict.html",
        f"published: publication 1, as of 2026-11-20, since {published_at:%Y-%m-%d %H:%M} UTC",
        "runbook: docs/runbooks/publish_marts.md",
    ]


def test_a_step_that_was_killed_is_not_told(robot: Robot) -> None:
    alerts.tell_failure(context("transform_warehouse", "build", reason="timed_out"))
    assert "the step left no word of its own (timed_out)" in robot.told[0]["message"]
    assert "published: nothing yet" in robot.told[0]["message"]


def test_a_home_too_damaged_to_say_what_stands_keeps_a_failure_from_being_told(
    home: Home, robot: Robot
) -> None:
    folder = home.publications / "000001"
    folder.mkdir(parents=True)
    (folder / "publication.json").write_text("{")
    (home.runs / RUN).mkdir(parents=True)
    (home.runs / RUN / "steps.jsonl").write_text('{"name": "aud')
    alerts.tell_failure(context("publish_marts"))
    assert "published: cannot be read (" in robot.told[0]["message"]


def test_a_value_in_an_unexpected_error_is_told(home: Home, robot: Robot) -> None:
    fail_at(home, "audit", KeyError("13800138000"))
    alerts.tell_failure(context("publish_marts"))
    assert "step audit failed with KeyError at test_alerts.py" in robot.told[0]["message"]
    assert "13800138000" not in str(robot.told)


@pytest.mark.guarantee("F40")
def test_f40_ten_failures_and_a_recovery_tell_more_than_two_messages(
    home: Home, settings: Settings, robot: Robot
) -> None:
    fail_at(home, "audit", REFUSAL)
    for _ in range(10):
        alerts.tell_failure(context("publish_marts"))
    write_candidate(home, "night8")
    publish_candidate(home, settings, "night8")
    for _ in range(2):
        alerts.tell_success(context("publish_marts", "publish", run="night8"))
    assert robot.titles == ["siyu: publish_marts failed at audit", "siyu: the night has recovered"]
    assert "publication 1, as of 2026-11-20" in robot.told[1]["message"]
    assert "publish_marts.audit failed 10 times" in robot.told[1]["message"]


def test_a_night_recovers_before_it_is_published(robot: Robot) -> None:
    alerts.tell_failure(context("ingest_files", "extract_and_land"))
    alerts.tell_success(context("ingest_files", "check_loads", run="night8"))
    assert len(robot.told) == 1
    alerts.tell_success(context("publish_marts", "publish", run="night8"))
    assert robot.titles[1:] == ["siyu: the night has recovered"]


def test_a_file_that_is_still_broken_recovers_with_the_publication_of_the_others(
    robot: Robot, home: Home
) -> None:
    alerts.tell_failure(context("ingest_files", "extract_and_land"))
    alerts.tell_success(context("publish_marts", "publish"))
    assert len(robot.told) == 1
    assert [incident.name for incident in outbox.open_incidents(home)] == ["ingest_files.extract_and_land"]


def test_a_night_with_nothing_new_does_not_recover(home: Home, robot: Robot) -> None:
    alerts.tell_failure(context("ingest_files", "extract_and_land"))
    alerts.tell_success(context("ingest_files", "check_loads"))
    with recorded(home, RUN, "check_ready") as step:
        step.facts = {"new": False}
    alerts.tell_success(context("transform_warehouse", "check_ready"))
    assert robot.titles[1:] == ["siyu: the night has recovered"]


def test_maintenance_waits_for_a_publication_to_recover(robot: Robot) -> None:
    alerts.tell_failure(context("maintain_warehouse", "compact_raw"))
    alerts.tell_success(context("maintain_warehouse", "compact_raw", run="night8"))
    assert robot.titles[1:] == ["siyu: maintain_warehouse works again"]


@pytest.mark.guarantee("F40")
def test_f40_what_a_robot_that_was_down_missed_is_lost(robot: Robot, home: Home) -> None:
    robot.status = 503
    alerts.tell_failure(context("publish_marts"))
    assert robot.told == []
    assert alerts.send_pending(home) == 1
    robot.status = 200
    assert alerts.send_pending(home) == 0
    assert alerts.send_pending(home) == 0
    assert robot.titles == ["siyu: publish_marts failed at audit"]


@pytest.mark.guarantee("F40")
@pytest.mark.parametrize(
    "fault", ["no address", "nonsense", "nobody listens", "a home that cannot be written"]
)
def test_f40_a_message_that_cannot_be_sent_fails_the_run(
    home: Home, robot: Robot, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"json://127.0.0.1:{closed.getsockname()[1]}/hook"
        value = {"no address": "", "nonsense": "nonsense", "nobody listens": nobody}.get(
            fault, robot.address()
        )
        monkeypatch.setenv(robots.ADDRESSES_VARIABLE, value)
        if fault == "a home that cannot be written":
            (home.root / "state").write_text("a file where the folder should be")
        alerts.tell_failure(context("publish_marts"))
    assert robot.told == []


@pytest.mark.guarantee("F40")
def test_f40_a_robot_that_hangs_keeps_the_run_waiting(
    home: Home, robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the other robot is told within it, on a busy machine too
    monkeypatch.setattr(alerts, "SENDING_SECONDS", 4.0)
    # never silent for long, 45 seconds to its end
    robot.pause_seconds, robot.answer = 0.4, {"padding": "x" * 100}
    started = time.monotonic()
    with running_robot() as other:
        monkeypatch.setenv(robots.ADDRESSES_VARIABLE, f"{robot.address()} {other.address()}")
        alerts.tell_failure(context("publish_marts"))
        assert time.monotonic() - started < 30
        assert other.titles == ["siyu: publish_marts failed at audit"]
    assert len(outbox.undelivered(home, robot.address())) == 1


@pytest.mark.guarantee("F40")
@pytest.mark.usefixtures("home")
def test_f40_many_robots_that_hang_keep_one_that_answers_waiting(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "SENDING_SECONDS", 4.0)
    robot.pause_seconds, robot.answer = 0.4, {"padding": "x" * 40}
    hanging = [robot.address(f"hook{number}") for number in range(40)]  # more than a pool of threads has
    with running_robot() as other:
        monkeypatch.setenv(robots.ADDRESSES_VARIABLE, " ".join([*hanging, other.address()]))
        alerts.tell_failure(context("publish_marts"))
        assert other.titles == ["siyu: publish_marts failed at audit"]


SECRETS = (
    "canaryhook",
    "canarykey",
    "canarytoken",
    "canarysecret",
    "canaryfeishu",
    "canaryuser",
    "canarypassword",
)


@pytest.fixture
def every_kind_of_address(home: Home, robot: Robot, monkeypatch: pytest.MonkeyPatch) -> Robot:
    """The robot, told through `keys/notify` by each kind of address, all with canaries as secrets; two are broken."""
    here = f"http://127.0.0.1:{robot.port}"
    monkeypatch.setattr(NotifyWeComBot, "notify_url", here + "/send?key={key}")
    monkeypatch.setattr(NotifyDingTalk, "notify_url", here + "/robot/send?access_token={token}")
    monkeypatch.setattr(NotifyFeishu, "notify_url", here + "/hook/{token}/")
    monkeypatch.delenv(robots.ADDRESSES_VARIABLE)
    listed = [
        "# who is told",
        f"json://canaryuser:canarypassword@127.0.0.1:{robot.port}/canaryhook",
        "wecombot://canarykey",
        "dingtalk://canarysecret@canarytoken",
        "feishu://canaryfeishu?secret=canarysecret",
        "json://canaryuser:canarypassword@127.0.0.1:99999/canaryhook",
        "canaryhook is no address",
    ]
    home.keys.mkdir()
    (home.keys / "notify").write_text("\n".join([*listed, ""]))
    return robot


@pytest.mark.guarantee("F32")
@pytest.mark.parametrize("status", [200, 500])
def test_f32_an_address_shows_in_a_log_a_message_or_the_home(
    home: Home,
    every_kind_of_address: Robot,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    status: int,
) -> None:
    """Everything logged, the robot up and down."""
    robot = every_kind_of_address
    robot.status = status
    with caplog.at_level(logging.DEBUG):
        alerts.tell_failure(context("publish_marts"))
    assert len(robot.paths) == 4  # each was really used
    assert "canarykey" in str(robot.paths)
    shown = capfd.readouterr()
    kept = [path.read_bytes().decode(errors="replace") for path in home.state.rglob("*") if path.is_file()]
    places = {
        "log": caplog.text,
        "output": shown.out + shown.err,
        "told": str(robot.told),
        "kept": "".join(kept),
    }
    assert "publish_marts failed at audit" in places["kept"]
    assert "did not take message" in places["log"]
    assert {(name, secret) for name, text in places.items() for secret in SECRETS if secret in text} == set()


@pytest.mark.guarantee("F32")
def test_f32_positive_control_the_search_finds_an_address_that_apprise_may_log(
    every_kind_of_address: Robot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robots, "_TALKATIVE", ())
    for name in ("apprise", "requests", "urllib3"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)
    logging.getLogger("apprise").manager._clear_cache()
    with caplog.at_level(logging.DEBUG):
        alerts.tell_failure(context("publish_marts"))
    assert every_kind_of_address.told
    assert "canaryhook" in caplog.text


@pytest.mark.parametrize(
    ("address", "answer", "is_taken"),
    [
        ("wecombot://abcdefgh", {"errcode": 0, "errmsg": "ok"}, True),
        ("wecombot://abcdefgh", {"errcode": 93000, "errmsg": "invalid webhook url"}, False),
        ("wecombot://abcdefgh", {"errcode": 45009, "errmsg": "api freq out of limit"}, False),
        ("dingtalk://abcdefgh", {"errcode": 0, "errmsg": "ok"}, True),
        ("dingtalk://abcdefgh", {"errcode": 310000, "errmsg": "sign not match"}, False),
        ("feishu://abcdefgh", {"code": 0, "msg": "success", "data": {}}, True),
        ("feishu://abcdefgh", {"code": 19021, "msg": "sign match fail"}, False),
        ("feishu://abcdefgh", {}, False),
        ("feishu://abcdefgh", ["not", "an", "object"], False),
    ],
)
def test_a_refusal_inside_an_answer_of_200_counts_as_delivered(
    robot: Robot, monkeypatch: pytest.MonkeyPatch, address: str, answer: object, *, is_taken: bool
) -> None:
    """Codes as the platforms document them."""
    here = f"http://127.0.0.1:{robot.port}"
    monkeypatch.setattr(NotifyWeComBot, "notify_url", here + "/send?key={key}")
    monkeypatch.setattr(NotifyDingTalk, "notify_url", here + "/robot/send?access_token={token}")
    monkeypatch.setattr(NotifyFeishu, "notify_url", here + "/hook/{token}/")
    robot.answer = answer
    assert robots.send(address, title="标题", body="正文") is is_taken
    told = robot.told[0]
    text = told["content"]["text"] if "content" in told else told["text"]["content"]
    assert text == "标题\n正文"


def test_a_text_longer_than_wecom_takes_is_refused(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifyWeComBot, "notify_url", f"http://127.0.0.1:{robot.port}/send?key={{key}}")
    robot.answer = {"errcode": 0}
    assert robots.send("wecombot://abcdefgh", title="t", body="数" * 3000)
    content = robot.told[0]["text"]["content"].encode()
    assert 2040 < len(content) <= 2048


def test_the_signature_of_feishu_differs_from_what_feishu_documents(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HMAC-SHA256 of an empty text, keyed with timestamp, a newline and the secret, in base64."""
    monkeypatch.setattr(NotifyFeishu, "notify_url", f"http://127.0.0.1:{robot.port}/hook/{{token}}/")
    robot.answer = {"code": 0}
    assert robots.send("feishu://abcdefgh?secret=s3cret", title="t", body="b")
    told = robot.told[0]
    assert abs(int(told["timestamp"]) - datetime.now(tz=UTC).timestamp()) < 60  # noqa: TID251 - as Feishu checks it
    expected = base64.b64encode(hmac.digest(f"{told['timestamp']}\ns3cret".encode(), b"", hashlib.sha256))
    assert told["sign"] == expected.decode()


def late(dag: str = "transform_warehouse") -> dict[str, Any]:
    """What Airflow hands the callback of a deadline."""
    return {"dag_run": {"dag_id": dag, "dag_run_id": "scheduled__1"}, "deadline": {"id": "1"}}


def test_a_late_night_is_told_twice_or_not_at_all(robot: Robot) -> None:
    for dag in alerts.NIGHT:
        alerts.tell_late(late(dag))
    assert robot.titles == ["siyu: the night is late"]
    assert "found: ingest_files has not finished" in robot.told[0]["message"]
    assert "expected: tonight's publication by 07:00 Asia/Shanghai" in robot.told[0]["message"]
    alerts.tell_success(context("publish_marts", "publish"))
    assert robot.titles[1:] == ["siyu: the night has recovered"]


def test_a_night_that_failed_or_is_published_is_told_to_be_late(
    home: Home, settings: Settings, robot: Robot
) -> None:
    alerts.tell_failure(context("publish_marts"))
    alerts.tell_late(late("publish_marts"))
    assert robot.titles == ["siyu: publish_marts failed at audit"]
    write_candidate(home, RUN)
    publish_candidate(home, settings, RUN)
    alerts.tell_success(context("publish_marts"))
    alerts.tell_late(late())
    assert robot.titles[1:] == ["siyu: the night has recovered"]


def test_two_processes_that_tell_at_once_send_a_message_twice(home: Home, robot: Robot) -> None:
    import threading

    robot.pause_seconds, robot.answer = 0.1, {"a": "b"}
    outbox.write_message(home, title="once", words="a word", at=datetime(2026, 11, 20, tzinfo=UTC))
    threads = [threading.Thread(target=alerts.send_pending, args=(home,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert robot.titles == ["once"]


def test_a_night_whose_process_died_is_told_by_nobody(home: Home, robot: Robot) -> None:
    alerts.tell_lost_night(home, RUN, "the night ended with -9 outside its steps")
    assert robot.titles == ["siyu: night failed at siyu_nightly"]
    assert "found: the night ended with -9 outside its steps" in robot.told[0]["message"]
    alerts.tell_success(context("publish_marts", "publish"))
    assert robot.titles[1:] == ["siyu: the night has recovered"]


def test_siyu_notify_does_not_say_what_is_missing(
    home: Home, robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = typer.Typer()
    app.command()(notify)
    asked = ["--test", "--home", str(home)]
    done = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert (done.exit_code, robot.titles) == (0, ["siyu: test message"])
    robot.status = 500
    assert isinstance(CliRunner().invoke(app, asked).exception, EnvironmentFaultError)
    monkeypatch.setenv(robots.ADDRESSES_VARIABLE, "")
    assert isinstance(CliRunner().invoke(app, asked).exception, UsageError)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("07:00", "07:00"), ("10:30", "10:30"), ("'6:30'", None), ("7:00", "07:00"), ("25:00", None)],
)
def test_an_hour_in_siyu_yml_is_misread(home: Home, text: str, meaning: str | None) -> None:
    """YAML reads some of them as numbers to the base of sixty."""
    home.settings_file.write_text(f"published_by: {text}\n")
    if meaning is None:
        with pytest.raises(UsageError, match="published_by"):
            load_settings(home, {})
    else:
        assert load_settings(home, {}).published_by == meaning


@pytest.mark.parametrize(
    ("made", "due"),
    [
        ("2026-11-20T22:00:00+00:00", "2026-11-21T07:00:00+08:00"),  # 06:00 in Shanghai
        ("2026-11-20T16:00:00+00:00", "2026-11-21T07:00:00+08:00"),  # midnight
        ("2026-11-20T23:30:00+00:00", "2026-11-21T07:00:00+08:00"),  # 07:30: already late
        ("2026-11-21T00:00:00+00:00", None),  # 08:00: somebody's rerun
    ],
)
def test_a_run_is_due_at_another_hour(made: str, due: str | None) -> None:
    from siyu.orchestration.deadline import due_at

    found = due_at(datetime.fromisoformat(made), "07:00", "Asia/Shanghai")
    assert found == (datetime.fromisoformat(due) if due else None)


def test_the_time_zone_of_the_due_hour_is_the_machines() -> None:
    from siyu.orchestration.deadline import due_at

    found = due_at(datetime(2026, 11, 20, 6, 0, tzinfo=UTC), "07:00", "Europe/Berlin")
    assert found is not None
    assert found.astimezone(UTC) == datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
    assert found.utcoffset() == timedelta(hours=1)


def test_a_runbook_that_a_message_names_is_not_there() -> None:
    root = Path(alerts.PROJECT)
    for dag in (*alerts.NIGHT, "maintain_warehouse", alerts.WHOLE):
        page = alerts._runbook(dag)
        assert re.fullmatch(r"docs/runbooks/[a-z_]+\.md", page)
        assert (root / page).is_file()
    words = (root / alerts._runbook(alerts.WHOLE)).read_text(encoding="utf-8")
    assert f"{alerts.WHOLE} failed at {alerts.PROCESS}" in words
