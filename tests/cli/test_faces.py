"""What a person sees of the command line: one screen of help, examples that run, errors of one paragraph, JSON."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from siyu.cli.main import app, run
from siyu.cli.night_report import StepProgress, print_night
from siyu.clock import utc_now
from siyu.orchestration.journal import Step
from siyu.orchestration.nightly import Night
from siyu.publication import publish_candidate, rollback
from siyu.publication.records import PublicationSummary
from siyu.settings import PROJECT, Home, Settings
from siyu.state import outbox
from siyu.storage import make_folder
from tests.publication.small_candidates import write_candidate

SIYU = Path(sys.executable).parent / "siyu"
MAPPING = PROJECT / "examples" / "mappings" / "generated_order_log.yml"
HEAVY = {"airflow", "dbt", "duckdb", "numpy", "openpyxl", "pandas", "psycopg", "pyarrow", "rich"}
WARNING = "campaign_lift.sample_ratio_as_planned"

Words = tuple[str, ...]


def commands(group: Any = None, before: Words = ()) -> Iterator[tuple[Words, Any]]:
    """Every command that does something, by its words after `siyu`."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name), command


COMMANDS = dict(commands())


def siyu(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"COLUMNS": "80", "LINES": "24"} | variables
    return subprocess.run([str(SIYU), *words], env=environment, capture_output=True, text=True, check=False)


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)


def help_of(words: Words) -> str:
    shown = CliRunner().invoke(app, [*words, "--help"], terminal_width=80, env={"COLUMNS": "80"})
    assert shown.exit_code == 0, shown.output
    return shown.output


def test_the_help_is_longer_than_a_screen_or_cuts_a_sentence_or_leaves_out_a_command() -> None:
    done = siyu("--help")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= 34
    assert max(map(width, lines)) <= 80
    assert "..." not in done.stdout
    listed = re.findall(r"^  (\w[\w-]*) {2,}\S", done.stdout, flags=re.MULTILINE)
    assert sorted(listed) == sorted({words[0] for words in COMMANDS})
    order = [
        done.stdout.index(f"\n{chapter}:") for chapter in ("Begin", "Every night", "When something is wrong")
    ]
    assert order == sorted(order)
    assert siyu("--version").stdout.strip()


def test_the_help_of_a_group_cuts_a_sentence() -> None:
    groups = {words[:-1] for words in COMMANDS if len(words) > 1}
    assert groups
    for group in groups:
        text = help_of(group).replace("[ARGS]...", "")
        assert "..." not in text, text


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_has_no_example_or_one_that_would_not_run(words: Words) -> None:
    """Each example is in one piece on 80 columns, and is read by the command it is an example of."""
    text = help_of(words)
    found = re.findall(r"^ *Example[^:]*: (siyu (?:.*\\\n)*.*)$", text, flags=re.MULTILINE)
    assert found, text
    assert max(map(width, text.splitlines())) <= 80
    for example in found:
        program, *rest = shlex.split(re.sub(r"\s*>.*$", "", example.replace("\\\n", " ")))
        assert program == "siyu"
        assert tuple(rest[: len(words)]) == words
        COMMANDS[words].make_context("siyu", rest[len(words) :])


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_has_no_json(words: Words) -> None:
    assert "--json" in help_of(words)


def test_the_help_waits_for_what_only_a_night_needs() -> None:
    code = (
        "import sys; sys.argv = ['siyu', '--help']\n"
        "from siyu.cli.main import run\n"
        "try: run()\n"
        "except SystemExit: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert "siyu.cli.main" in loaded
    assert HEAVY & set(loaded) == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "nightly --bogus",
            "siyu: no such option: --bogus; expected one of --mapping, --path, --as-of, --business-date, --home,"
            " --json, --help;"
            " siyu nightly --help shows an example",
        ),
        (
            "nightli",
            "siyu: no such command 'nightli'; expected perhaps 'nightly'; siyu --help shows an example",
        ),
        ("rollback x", "siyu: ID is 'x'; expected a valid integer; siyu rollback --help shows an example"),
        (
            "audit accept",
            "siyu: CHECK is missing; expected the id of a check, as in verdict.html;"
            " siyu audit accept --help shows an example",
        ),
        (
            "rollback 7",
            "siyu: --by is missing; expected who does this; siyu rollback --help shows an example",
        ),
        (
            "sandbox order-log x --as-of 2020-13-01",
            "siyu: --as-of is '2020-13-01'; expected a day such as 2026-12-31;"
            " siyu sandbox order-log --help shows an example",
        ),
        ("nightly --home", "siyu: option '--home' requires an argument; siyu --help shows an example"),
        (
            "status --fresh-within soon",
            "siyu: --fresh-within is 'soon'; expected a number and m, h or d, such as 26h;"
            " siyu status --help shows an example",
        ),
        (
            "rollback 7 --by me --reason why --home /nowhere",
            "siyu: /nowhere is no home of siyu; expected a home with a publication;"
            " name it with --home, or set SIYU_HOME",
        ),
    ],
)
def test_an_error_is_not_one_paragraph_of_found_expected_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, said: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["siyu", *words.split()])
    with pytest.raises(SystemExit) as end:
        run()
    shown = capsys.readouterr()
    assert end.value.code == 2
    assert shown.out == ""
    assert shown.err == said + "\n"


def test_a_night_without_files_leaves_a_home_behind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["siyu", "nightly", "--home", str(tmp_path / "mistyped")])
    with pytest.raises(SystemExit) as end:
        run()
    assert end.value.code == 2
    assert "no files are configured" in capsys.readouterr().err
    assert not (tmp_path / "mistyped").exists()


# ---- --json ------------------------------------------------------------------------------------------------------

# ends in the code that the scripts of a person would see; {…} are places of the test
JSON_CASES: dict[str, tuple[str, int]] = {
    "status": ("status --home {home}", 0),
    "status that says no": ("status --home {nothing} --fresh-within 26h", 1),
    "doctor": ("doctor --home {nothing}", 3),
    "export": ("export kpi_daily {folder}/kpi.csv --home {home}", 0),
    "publish": ("publish night2 --home {home}", 0),
    "publish --resume": ("publish --resume --by li.na --reason test --home {home}", 0),
    "rollback": ("rollback 1 --by li.na --reason test --home {home}", 0),
    "audit accept": (
        f"audit accept {WARNING} --by li.na --reason test --until {{until}} --home {{home}}",
        0,
    ),
    "audit withdraw": (f"audit withdraw {WARNING} --by li.na --reason test --home {{home}}", 0),
    "audit accepted": ("audit accepted --home {home}", 0),
    "member explain in a home without that warehouse": ("member explain m0 --home {home}", 2),
    "erase": ("erase m0 --by li.na --reason test --home {home}", 0),
    "export-member of nobody": (
        "export-member m0 --to {folder}/m0.json --by li.na --reason test --home {home}",
        2,
    ),
    "notify that reaches nobody": ("notify --test --home {home}", 3),
    "backup": ("backup {folder}/backups --home {home}", 0),
    "mapping draft": ("mapping draft {folder}/orders.csv", 0),
    "mapping check of a file that is not as mapped": (f"mapping check {MAPPING} {{folder}}/files", 2),
    "sandbox order-log": ("sandbox order-log {folder}/log --orders 200", 0),
    "sandbox world": ("sandbox world {folder}/world --size 200 --from 2026-01-01 --to 2026-03-31", 0),
    "sandbox serve of a folder without a world": ("sandbox serve {folder} --at 2026-03-01T03:00", 2),
    "nightly that is refused": ("nightly --home {nothing}", 2),
    "report of a home that is none": ("report --home {nothing}", 2),
    "init": ("init --home {folder}/new", 0),
    "keys rotate in a home without keys": ("keys rotate --by li.na --reason test --home {home}", 3),
    "keys rekey in a home without keys": ("keys rekey --by li.na --reason test --home {home}", 3),
    "backfill of a home without channels": ("backfill --from 2026-01-01 --to 2026-01-02 --home {home}", 2),
    "sandbox pos of a folder without a world": ("sandbox pos {folder} {folder}/pos --as-of 2026-01-02", 2),
    "sandbox nights of a folder without a world": ("sandbox nights {folder} --home {folder}/new", 2),
    "an option that is none": ("status --bogus", 2),
}
# they need a night, a server or a backup: test_alerts, test_doctor, test_drill and their own tests call them
ELSEWHERE = {
    ("postgres", "install"),
    ("restore",),
    ("bench", "build"),
    ("bench", "extract"),
    ("bench", "identity"),
    ("bench", "night"),
}


def test_a_command_is_called_by_no_test_with_json() -> None:
    called = {
        words
        for words in COMMANDS
        for line, _ in JSON_CASES.values()
        if f"{line} ".startswith(" ".join(words))
    }
    assert set(COMMANDS) - called - ELSEWHERE == set()


@pytest.fixture
def lived(home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with a publication, an audited candidate, an accepted warning, and an address where nobody listens."""
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    write_candidate(home, "night2", amount="11.00")
    make_folder(home.vault)
    make_folder(home.keys)
    monkeypatch.setenv("SIYU_NOTIFY_URLS", "json://127.0.0.1:9/")
    return home


@pytest.mark.parametrize("case", JSON_CASES)
def test_standard_output_is_not_one_json_document(
    lived: Home,
    tmp_path: Path,
    case: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    until = utc_now().date() + timedelta(days=30)
    if case == "audit withdraw":
        words = ["audit", "accept", WARNING, "--by=x", "--reason=x", f"--until={until}", f"--home={lived}"]
        CliRunner().invoke(app, words, catch_exceptions=False)
    if case == "publish --resume":
        rollback(lived, Settings(), 1, by="li.na", reason="test")
    for file in (tmp_path / "orders.csv", tmp_path / "files" / "tmall_shop" / "refunds.csv"):
        make_folder(file.parent)
        file.write_text("order_id,buyer,paid_at,amount\nA1,li,2026-01-02 10:00:00,12.50\n", encoding="utf-8")
    line, code = JSON_CASES[case]
    places = {"home": lived, "nothing": tmp_path / "nothing", "folder": tmp_path, "until": until}
    monkeypatch.setattr(sys, "argv", ["siyu", *line.format(**places).split(), "--json"])
    capfd.readouterr()
    with pytest.raises(SystemExit) as end:
        run()
    shown = capfd.readouterr()
    assert int(end.value.code or 0) == code, shown.err
    assert json.loads(shown.out) is not None
    assert "Traceback" not in shown.err


# ---- a terminal, and none -----------------------------------------------------------------------------------------


def night_on(console: Console) -> None:
    with StepProgress(console, quiet=False) as progress:
        progress.step_ended(Step(name="build", seconds=1.5, facts={}))


def test_progress_is_shown_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    to_a_file = io.StringIO()
    night_on(Console(file=to_a_file))
    assert to_a_file.getvalue() == ""


def test_a_night_that_read_channels_says_neither_what_landed_nor_what_is_missing(home: Home) -> None:
    counts = {"landed": 1200, "unchanged": 3, "quarantined": 1}
    loads = [{"stream": stream, **counts} for stream in ("orders", "refunds", "orders")]
    many = [{"stream": f"stream{number}", **counts} for number in range(4)]
    night = Night(
        run_id="night1",
        steps=[
            Step(name="extract_youzan", facts={"loads": loads}),
            Step(name="extract_wecom", facts={"loads": many[:3]}),  # it failed, and was tried again
            Step(name="extract_wecom", facts={"loads": many[3:]}),
            Step(name="check_ready", facts={"missing": ["wecom 1 bills of 2026-03-01"]}),
        ],
        publication=PublicationSummary(
            id=7,
            as_of_date=date(2026, 3, 1),
            published_at=datetime(2026, 3, 2, tzinfo=UTC),
            restores=None,
            rows={},
        ),
        is_new=True,
        log=home.root / "night.log",
    )
    screen = io.StringIO()
    print_night(Console(file=screen, width=200), night, home)
    lines = screen.getvalue().splitlines()
    assert "youzan → orders, refunds: 3,600 landed, 9 unchanged, 3 quarantined" in lines
    assert "wecom → 4 streams: 4,800 landed, 12 unchanged, 4 quarantined" in lines
    assert "Without: wecom 1 bills of 2026-03-01" in lines


def test_no_color_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {}
    for value in ("", "1"):
        monkeypatch.setenv("NO_COLOR", value)
        screen = io.StringIO()
        night_on(
            Console(file=screen, force_terminal=True, _environ={"TERM": "xterm-256color", "NO_COLOR": value})
        )
        assert "building the warehouse" in screen.getvalue()
        shown[value] = re.findall(r"\x1b\[[0-9;]*3[0-7][0-9;]*m", screen.getvalue())
    assert shown[""]
    assert shown["1"] == []


def test_an_open_incident_is_left_out_of_the_details(lived: Home) -> None:
    outbox.failed(lived, dag="maintain_warehouse", step="prune", title="failed", words="found", at=utc_now())
    short = CliRunner().invoke(app, ["status", "--home", str(lived)]).output
    long = CliRunner().invoke(app, ["status", "--home", str(lived), "--details"]).output
    assert len(short.splitlines()) == 5
    assert "maintain_warehouse" not in short
    assert long.startswith(short)
    assert "FAILED maintain_warehouse.prune" in long
