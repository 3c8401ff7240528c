"""Hostile text (F35): wherever it comes in, it is stored as text or refused clearly; nothing of it is executed."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from siyu.channel_settings import CHANNELS
from siyu.channels.files import claim_files, extract, load_mapping
from siyu.channels.files.check import check_mapping
from siyu.cli.main import app, run
from siyu.cli.mapping import _show
from siyu.cli.terminal import visible
from siyu.clock import utc_now
from siyu.engine import connect
from siyu.errors import SiyuError, UsageError
from siyu.gate.page import page
from siyu.gate.verdict import CheckResult, Status, Verdict
from siyu.landing import create_raw_views, dismiss, land, open_quarantine
from siyu.landing.quarantine import DISMISSED
from siyu.orchestration.files import give_sources, sources_of
from siyu.orchestration.runs import Run
from siyu.publication import publish_candidate, rollback
from siyu.publication.publish import candidate_folder
from siyu.publication.records import current_hold
from siyu.settings import PROJECT, DbtVars, FileSource, Home, Settings, load_settings
from siyu.state import audit_log
from tests.channels.shop import mapping_of
from tests.publication.small_candidates import write_candidate
from tests.security.hostile import CANARY, CANARY_VARIABLE, hostile_strings

pytestmark = pytest.mark.guarantee("F35")
Figure = Callable[[str, object], None]

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what no terminal may get from somebody else's text
COLUMNS: dict[str, Any] = {
    name: {"from": name, "type": "id" if name in {"order", "buyer"} else "text", "personal": "none"}
    for name in ("order", "channel", "brand", "product", "kind", "status", "province")
} | {
    "buyer": {"from": "buyer", "type": "id", "personal": "identifier"},
    "named": {"from": "named", "type": "text", "personal": "attribute"},
    "placed": {"from": "placed", "type": "timestamp", "personal": "none"},
    "total": {"from": "total", "type": "amount", "personal": "none"},
    "units": {"from": "units", "type": "integer", "personal": "none"},
}
RESOURCES: dict[str, Any] = {
    "orders": {
        "fields": {
            "order_id": "order",
            "customer_id": "buyer",
            "channel_code": "channel",
            "order_status": "status",
            "province": "province",
            "ordered_at": "placed",
            "paid_amount": "total",
        }
    },
    "order_lines": {
        "fields": {
            "order_id": "order",
            "customer_id": "buyer",
            "product_id": "order",
            "product_name": "product",
            "category": "kind",
            "quantity": "units",
            "line_amount": "total",
            "ordered_at": "placed",
        }
    },
    "customers": {"fields": {"customer_id": "buyer", "full_name": "named", "enrolled_at": "placed"}},
}


# all of them take minutes where files are written one by one; 7 has no factor of the words that each form comes with
SOME_OR_ALL = pytest.mark.parametrize(
    "every", [7, pytest.param(1, marks=pytest.mark.soak)], ids=["some", "all"]
)
# where each is a publication
FEW_OR_ALL = pytest.mark.parametrize(
    "every", [19, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(900)])], ids=["few", "all"]
)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


@pytest.fixture
def strings(marker: Path) -> list[str]:
    found = hostile_strings(marker)
    assert len(found) >= 200
    return found


@pytest.fixture(autouse=True)
def nothing_is_executed(tmp_path: Path, marker: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No marker, no file outside the home and the files a test wrote itself, no expanded variable."""
    monkeypatch.setenv(CANARY_VARIABLE, CANARY)
    outside = set(tmp_path.parent.iterdir())
    yield
    assert not marker.exists()
    assert set(tmp_path.parent.iterdir()) == outside
    assert {path.name for path in tmp_path.iterdir()} <= {"home", "exports", "mapping.yml", "work"}
    expanded = [
        path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()
    ]
    assert expanded == []


def refused(act: Callable[[], object]) -> bool:
    """Whether an act ends in an error for a person; any other error is a failure of the test."""
    try:
        act()
    except SiyuError as error:
        said = str(error)
    else:
        return False
    assert CANARY not in said
    return True


def rows_of(strings: list[str], entry: str) -> list[dict[str, object]]:
    """A row per string, which it holds in one column."""
    return [
        {
            "order": f"A{number}",
            "buyer": f"c{number}",
            "channel": "taobao_search",
            "placed": "2026-03-01 10:00:00",
            "total": "1",
            "units": "1",
        }
        | dict.fromkeys(("brand", "product", "kind", "status", "province", "named"), "x")
        | {entry: text}
        for number, text in enumerate(strings)
    ]


def landed(home: Home, tmp_path: Path, rows: list[dict[str, object]], *, name: str = "o.jsonl") -> Any:
    folder = tmp_path / "exports"
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    mapping_file = tmp_path / "mapping.yml"
    mapping_file.write_text(
        yaml.safe_dump(
            mapping_of(columns=COLUMNS, resources=RESOURCES, format="jsonl") | {"channel": "taobao_search"}
        ),
        encoding="utf-8",
    )
    mapping = load_mapping(mapping_file)
    ((source, claimed),) = claim_files(mapping, file).claimed
    settings = Settings(quarantine_limit_rows=10_000)
    with extract(mapping, source, claimed, settings, home) as (connection, origin, batches):
        return land(connection, home, settings, origin, batches, landed_at=utc_now())


def trimmed(text: str) -> str:
    """As landing trims texts: without blanks, also those of no width, at the ends."""
    return text.strip(" \t\r\n\ufeff\u200b")


ENTRIES = {
    "product": ("order_lines", "product_name"),
    "kind": ("order_lines", "category"),
    "status": ("orders", "order_status"),
    "province": ("orders", "province"),
    "order": ("orders", "order_id"),
    "channel": ("orders", "channel_code"),
    "buyer": ("orders", "customer_token"),
    "named": (None, None),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_f35_hostile_text_in_a_file_is_stored_as_text_or_quarantined(
    home: Home, tmp_path: Path, strings: list[str], entry: str, figure: Figure
) -> None:
    if entry == "channel":  # none of them is a channel we know
        for number in range(0, len(strings), 40):
            assert refused(
                lambda number=number: landed(home, tmp_path, rows_of(strings[number : number + 40], entry))
            )  # type: ignore[misc]
        assert not home.loads.exists() or list(home.loads.iterdir()) == []
        figure("strings in channel", len(strings))
        return
    record = landed(home, tmp_path, rows_of(strings, entry))

    with connect() as connection:
        create_raw_views(connection, home)
        resource, column = ENTRIES[entry]
        view = connection.sql(f"from raw.files__{resource or 'orders'}")
        stored = view.project(f'"{column or "order_id"}"').fetchall()
    counts = record.resources[resource or "orders"].counts
    texts = [row[0] for row in stored]
    if entry in {"named", "buyer"}:  # a person's: sealed in the vault, or a token
        written = b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())
        assert [text for text in strings if len(text) > 12 and text.encode() in written] == []
        assert not set(texts) & set(strings)
    else:
        told, kept = set(map(trimmed, strings)), {trimmed(text) for text in texts if text is not None}
        quarantined = sum(part.counts.quarantined for part in record.resources.values())
        assert kept <= told
        assert len(told - kept) <= quarantined + texts.count(None) <= 12  # a NUL; null and NaN are no value
    assert counts.landed + counts.quarantined + counts.unchanged == counts.read - counts.elsewhere
    figure(f"strings in {entry}", len(strings))


def test_f35_hostile_text_in_a_file_name_is_a_name(
    home: Home, tmp_path: Path, strings: list[str], figure: Figure
) -> None:
    names = [text for text in strings if "/" not in text and "\0" not in text and len(text.encode()) < 200]
    names = [f"{name}.jsonl" for name in names if not name.startswith((".", "~$"))]
    for number, name in enumerate(names):
        if number % 40 == 0:
            assert landed(
                home, tmp_path, [rows_of([str(number)], "status")[0] | {"order": f"N{number}"}], name=name
            )
        else:
            (tmp_path / "exports" / name).write_text("{}\n", encoding="utf-8")
    claims = claim_files(load_mapping(tmp_path / "mapping.yml"), tmp_path / "exports")
    assert {file.name for _, file in claims.claimed} == set(names)

    output = Console(file=(tmp_path / "work").open("w+", encoding="utf-8"), highlight=False, width=10_000)
    _show(output, replace_files(tmp_path, names))
    output.file.flush()
    shown = (tmp_path / "work").read_text(encoding="utf-8")
    output.file.close()
    assert OBEYED.search(shown) is None
    assert "[*a, *a]" in shown
    figure("file names", len(names))


def replace_files(tmp_path: Path, names: list[str]) -> Any:
    """What `siyu mapping check` says of one file, told of files with these names."""
    folder = tmp_path / "exports"
    check = check_mapping(load_mapping(tmp_path / "mapping.yml"), folder / names[0], Settings())
    (file,) = check.files
    told = [replace(file, file=name, error=f"{name} is bad" if i % 2 else "") for i, name in enumerate(names)]
    return replace(check, files=type(check.files)(told), unclaimed=type(check.unclaimed)(names))


PLACES_OF_A_MAPPING: dict[str, Callable[[str], dict[str, Any]]] = {
    "name": lambda text: mapping_of(top={"name": text}),
    "channel": lambda text: mapping_of(top={"channel": text}),
    "timezone": lambda text: mapping_of(top={"timezone": text}),
    "currency": lambda text: mapping_of(top={"currency": text}),
    "source name": lambda text: mapping_of(name=text),
    "glob": lambda text: mapping_of(files=[text]),
    "encoding": lambda text: mapping_of(encoding=text),
    "delimiter": lambda text: mapping_of(delimiter=text),
    "column key": lambda text: mapping_of(columns={text: {"from": "x", "type": "text", "personal": "none"}}),
    "column header": lambda text: mapping_of(
        columns=mapping_of()["sources"][0]["columns"]
        | {"x": {"from": text, "type": "text", "personal": "none"}}
    ),
    "resource": lambda text: mapping_of(resources={text: {"fields": {}}}),
    "exclusion reason": lambda text: mapping_of(
        resources={
            "orders": {
                "fields": {"order_id": "order_no", "ordered_at": "placed", "paid_amount": "total"},
                "exclude": [{"reason": text, "when": {"column": "order_no", "equals": "x"}}],
            }
        }
    ),
    "condition": lambda text: mapping_of(
        resources={
            "orders": {
                "fields": {"order_id": "order_no", "ordered_at": "placed", "paid_amount": "total"},
                "where": {"not": {"column": "order_no", "equals": text}},
            }
        }
    ),
}
MAY_BE_ANY_TEXT = {"channel", "column header", "condition", "glob", "encoding", "delimiter"}


@SOME_OR_ALL
@pytest.mark.parametrize("place", PLACES_OF_A_MAPPING)
def test_f35_hostile_text_in_a_mapping_is_refused_or_a_value(
    home: Home, tmp_path: Path, strings: list[str], *, place: str, every: int, figure: Figure
) -> None:
    strings = strings[::every]
    (tmp_path / "exports").mkdir()
    file = tmp_path / "exports" / "o.csv"
    file.write_text("订单号,下单时间,金额\nA1,2026-03-01 10:00:00,12.50\n", encoding="utf-8")
    mapping_file = tmp_path / "mapping.yml"

    def written(text: str) -> Path:
        mapping_file.write_text(
            yaml.safe_dump(PLACES_OF_A_MAPPING[place](text), allow_unicode=True), encoding="utf-8"
        )
        return mapping_file

    def use(text: str) -> None:
        mapping = load_mapping(written(text))
        for source, claimed in claim_files(mapping, file).claimed:
            with extract(mapping, source, claimed, Settings(), home) as (connection, _, batches):
                assert (
                    all(connection.table(batch.records).fetchall() for batch in batches) or place == "channel"
                )

    def load(text: str) -> None:
        load_mapping(written(text))

    taken = [text for text in strings if not refused(lambda text=text: load(text))]  # type: ignore[misc]
    if place not in MAY_BE_ANY_TEXT:
        assert set(taken) <= {"null", "true", "NUL"}
    for text in taken[::9]:
        refused(lambda text=text: use(text))  # type: ignore[misc]
    figure(f"strings as {place} of a mapping", len(strings))


@FEW_OR_ALL
def test_f35_hostile_words_of_a_command_are_refused_or_kept_as_text(
    home: Home, strings: list[str], every: int, figure: Figure
) -> None:
    write_candidate(home, "run")
    publish_candidate(home, Settings(), "run")
    rollback(home, Settings(), 1, by="me", reason="to be on hold")
    before = sorted(home.publications.iterdir())
    for text in strings:
        assert refused(lambda text=text: candidate_folder(home, text)) or re.fullmatch(r"[\w.:+~-]+", text)  # type: ignore[misc]
        assert refused(lambda text=text: publish_candidate(home, Settings(), text))  # type: ignore[misc]
    assert sorted(home.publications.iterdir()) == before

    words, said = strings[::every], []
    # two a publication, and each of them once as who, once as why
    for text, other in zip_longest(words[::2], words[1::2], fillvalue="x"):
        options = [f"--by={text}", f"--reason={other}"]
        resumed = CliRunner().invoke(app, ["publish", "--resume", *options, "--home", str(home.root)])
        assert isinstance(resumed.exception, UsageError | None | SystemExit), resumed.exception
        by, reason = other.strip() or "x", text.strip() or "x"
        rollback(home, Settings(), 1, by=by, reason=reason)
        kept = current_hold(home)
        assert kept is not None
        assert (kept.by, kept.reason) == (by, reason)
        status = CliRunner().invoke(app, ["status", "--home", str(home.root)])
        assert status.exit_code == 0, (text, other, status.exception)
        said.append(status.output)
    assert OBEYED.search("".join(said)) is None
    figure("strings as run id", len(strings))
    figure("strings as --by and --reason", len(words))


@FEW_OR_ALL
def test_f35_a_hostile_reason_to_dismiss_a_quarantined_row_is_kept_as_text(
    home: Home, tmp_path: Path, strings: list[str], every: int, figure: Figure
) -> None:
    few = strings if every == 1 else strings[:: 3 * every]  # each dismissal reads all that is in quarantine
    landed(home, tmp_path, [row | {"units": "many"} for row in rows_of([*few, "one more"], "status")])
    waiting = open_quarantine(home)
    given = dict(zip(few, waiting, strict=False))
    assert len(given) == len(few) < len(waiting)
    blank = {text for text in given if not text.strip()}
    for text, row in given.items():
        is_refused = refused(
            lambda text=text, row=row: dismiss(home, row.load_id, row.source_row, by=text, reason=text)
        )  # type: ignore[misc]
        assert is_refused == (text in blank)

    kept = [(entry.by, entry.reason) for entry in audit_log.entries(home, action=DISMISSED)]
    assert kept == [(text, text) for text in given if text not in blank]
    gone = {(row.load_id, row.source_row) for text, row in given.items() if text not in blank}
    assert {(row.load_id, row.source_row) for row in open_quarantine(home)} == {
        (row.load_id, row.source_row) for row in waiting
    } - gone
    figure("strings as reason of a dismissal", len(given))


@pytest.mark.parametrize(
    "word", ["\x1b[31mred", "[/]", "[bold]x[/bold]", "\x9b31m", "../../x", "'; drop table x; --"]
)
def test_f35_a_command_prints_nothing_that_a_terminal_obeys(
    home: Home, word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["rollback", "1", f"--by={word}", f"--reason={word}"],
        ["publish", word],
        ["rollback", word, "--by=x", "--reason=x"],
        ["export", word, f"{home.root}/x.csv"],
        ["audit", "accept", word, "--by=x", "--reason=x", "--until=2099-01-01"],
    ):
        monkeypatch.setattr(sys, "argv", ["siyu", *words, "--home", str(home.root)])
        with pytest.raises(SystemExit) as end:
            run()
        said = "".join(capsys.readouterr())
        assert end.value.code in {1, 2}, (words, said)
        assert said
        assert OBEYED.search(said) is None, words


@SOME_OR_ALL
def test_f35_a_publication_id_is_a_number(home: Home, strings: list[str], every: int) -> None:
    for text in strings[::every]:
        done = CliRunner().invoke(
            app, ["rollback", "--by=x", "--reason=x", f"--home={home.root}", "--", text]
        )
        assert done.exit_code == 2, text
    assert not home.publications.exists()


def test_f35_params_of_the_dags_take_ids_and_dates_only(strings: list[str], figure: Figure) -> None:
    sources = [path.read_text(encoding="utf-8") for path in sorted((PROJECT / "dags").glob("*.py"))]
    patterns = {
        found for text in sources for found in re.findall(r'"run_id": Param\(.*pattern="([^"]+)"', text)
    }
    assert len([text for text in sources if '"run_id": Param' in text]) == len(sources) >= 4
    assert patterns == {"^[A-Za-z0-9_-]{1,64}$"}

    from siyu.orchestration.runs import RUN_ID_PATTERN

    taken = [text for text in strings if re.fullmatch(RUN_ID_PATTERN, text)]
    assert set(taken) <= {"null", "NaN", "true", "NUL", "--help"}
    assert re.fullmatch(RUN_ID_PATTERN, "run\n") is None
    figure("strings as run_id of a DAG", len(strings))


@pytest.fixture(scope="module")
def params_of_dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The params of every DAG as Airflow reads them, by DAG and name; a home with every channel has all DAGs."""
    from airflow.dag_processing.dagbag import DagBag

    home = tmp_path_factory.mktemp("home_of_all_dags")
    account = {"accounts": [{"name": "a", "connection": "a", "surface": "a"}]}
    (home / "channels.yml").write_text(yaml.safe_dump(dict.fromkeys(CHANNELS, account)), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SIYU_HOME", str(home))
        bag = DagBag(PROJECT / "dags")
    assert bag.import_errors == {}
    assert len(bag.dags) == 5 + len(CHANNELS)
    return {
        dag_id: {name: dag.params.get_param(name) for name in dag.params} for dag_id, dag in bag.dags.items()
    }


def test_f35_a_param_of_a_dag_takes_a_hostile_text_a_list_or_a_path(
    params_of_dags: dict[str, dict[str, Any]], strings: list[str], figure: Figure
) -> None:
    from airflow.sdk.exceptions import AirflowException

    def takes(param: Any, value: object) -> bool:
        try:
            param.resolve(value)
        except (ValueError, AirflowException):
            return False
        return True

    kinds = {
        json.dumps(param.schema, sort_keys=True): (name, param)
        for params in params_of_dags.values()
        for name, param in params.items()
    }
    assert all("run_id" in params for params in params_of_dags.values())
    assert len(kinds) >= 3  # an id, a day, yes or no
    tried = 0
    for name, param in kinds.values():
        taken = {text for text in strings if takes(param, text)}
        assert taken <= ({"null", "NaN", "true", "NUL", "--help"} if name == "run_id" else set()), name
        paths = {"mapping": "/etc/passwd", "path": "/etc/passwd"}
        for value in ([], [strings[0]], {}, paths, [paths], "/etc/passwd", "2026-01-01T00:00", "a\nb", 1.5):
            assert not takes(param, value), (name, value)
        tried += len(strings) + 9
    figure("hostile values of params of the DAGs", tried)


def test_f35_a_triggered_run_reads_a_path_that_its_conf_names(home: Home, tmp_path: Path) -> None:
    """Airflow hands on what the conf holds beside the params: who may trigger a DAG may not choose what is read."""
    named = {"mapping": str(tmp_path / "evil.yml"), "path": "/etc/passwd"}
    own = FileSource(mapping=tmp_path / "mine.yml", path=tmp_path / "exports")
    night = Run(
        home=home,
        settings=Settings(files=[own]),
        run_id="night",
        run_after=utc_now(),
        params={"sources": [named], "run_id": "night"},
    )
    assert sources_of(night) == [own]
    given = [FileSource(mapping=tmp_path / "other.yml", path=tmp_path)]
    give_sources(home, "night", given)  # who runs siyu nightly on this machine may
    assert sources_of(night) == given
    assert sources_of(replace(night, run_id="night2")) == [own]


def test_f35_settings_name_exactly_the_vars_of_the_dbt_project() -> None:
    project = yaml.safe_load((PROJECT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
    declared = project["vars"]
    given_by_the_run = {
        "channels",
        "as_of_date",
        "business_timezone",
        "reporting_currency",
        "match_members",
    }

    assert set(DbtVars.model_fields) == set(declared) - given_by_the_run
    assert DbtVars().model_dump() == {name: declared[name] for name in DbtVars.model_fields}


@SOME_OR_ALL
def test_f35_no_hostile_text_gets_into_a_dbt_var_or_a_setting(
    home: Home, strings: list[str], every: int, figure: Figure
) -> None:
    tries, strings = 0, strings[::every]
    for name in [*DbtVars.model_fields, "unknown_var"]:
        for text in strings:
            for value in (text, [text]):
                home.settings_file.write_text(yaml.safe_dump({"dbt_vars": {name: value}}), encoding="utf-8")
                assert refused(lambda: load_settings(home, {})), (name, value)
                tries += 1
    for text in strings:
        for setting in ("business_timezone", "reporting_currency", "duckdb_memory_limit", "duckdb_threads"):
            if (setting, text) == ("reporting_currency", "NUL"):
                continue  # three capitals: whether such a currency has rates is for the build to say
            home.settings_file.write_text(yaml.safe_dump({setting: text}), encoding="utf-8")
            assert refused(lambda: load_settings(home, {})), (setting, text)
        home.settings_file.write_text(yaml.safe_dump({"dbt_vars": {text: 1}}), encoding="utf-8")
        assert refused(lambda: load_settings(home, {})), text
        home.settings_file.unlink()
        if "\0" not in text:
            refused(lambda text=text: load_settings(home, {"SIYU_DBT_VARS": text}))  # type: ignore[misc]
    figure("hostile values of dbt vars", tries)


@pytest.mark.parametrize(
    "value",
    [
        {"churn_days": 0},
        {"churn_days": "180"},
        {"churn_days": True},
        {"super_user_share": 1.1},
        {"super_user_share": float("nan")},
        {"rfm_window_days": ["30"]},
        {"rfm_threshold_method": "MEAN"},
        {"as_of_date": "2026-01-01"},
        {"business_timezone": "UTC"},
    ],
    ids=str,
)
def test_f35_a_var_of_another_type_or_range_is_refused(home: Home, value: dict[str, object]) -> None:
    home.settings_file.write_text(yaml.safe_dump({"dbt_vars": value}), encoding="utf-8")
    with pytest.raises(UsageError, match=next(iter(value))):
        load_settings(home, {})


def test_f35_the_verdict_page_shows_hostile_text_as_text(strings: list[str], figure: Figure) -> None:
    checks = tuple(
        CheckResult(id=text, model=text, severity=text, status=Status.FAILED, offending_rows=1, what=text)
        for text in strings
    )
    verdict = Verdict(run_id=strings[0], passed=False, manifest_sha256=strings[1], checks=checks, seconds=0.0)
    written = page(verdict)

    assert re.findall(r"<(script|img)|onerror=[^&]*>", written) == []
    assert "&lt;script&gt;" in written
    figure("strings in verdict.html", len(strings))


def test_f35_visible_text_holds_nothing_that_a_terminal_obeys(strings: list[str]) -> None:
    assert [text for text in strings if OBEYED.search(visible(text))] == []
    assert visible("\x1b[31mx\udce9") == "\\u001b[31mx\\udce9"
    assert json.loads(visible(json.dumps("\x9bx", ensure_ascii=False))) == "\x9bx"


def test_f35_no_exception_to_the_rules_on_sql_and_shells(figure: Figure) -> None:
    """Ruff refuses S602, S604, S605 and S608; here: nobody asked it to look away, and no shell is started."""
    found = [
        f"{path.relative_to(PROJECT)}:{number}"
        for folder in ("plugins", "dags", "expectations")
        for path in sorted((PROJECT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"noqa:.*\bS60[24-8]|noqa\s*$|shell\s*=\s*True|os\.(system|popen)\(", line)
    ]
    assert found == []
    figure("exceptions to the rules on SQL and shells", len(found))


PLANTED = """import os
import subprocess


def f(x: str) -> str:
    subprocess.run(x, shell=True, check=False)
    os.system(x)
    return f"select * from t where a = {x}"
"""


def test_f35_the_rules_on_sql_and_shells_are_on() -> None:
    ruff = str(Path(sys.executable).parent / "ruff")
    place = str(PROJECT / "plugins" / "siyu" / "planted.py")
    done = subprocess.run(
        [ruff, "check", "--no-cache", "--output-format", "concise", "--stdin-filename", place, "-"],
        input=PLANTED,
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert {"S602", "S605", "S608"} <= set(re.findall(r"\bS\d{3}\b", done.stdout)), done.stdout + done.stderr


def test_f35_an_unreadable_name_of_a_file_is_refused_not_a_crash(home: Home, tmp_path: Path) -> None:
    landed(home, tmp_path, rows_of(["x"], "status"))
    folder = os.fsencode(tmp_path / "exports")
    with open(os.path.join(folder, b"caf\xe9.jsonl"), "wb") as file:  # noqa: PTH123, PTH118 - no Path holds such a name well
        file.write(b'{"order": "Z1"}\n')
    check = check_mapping(load_mapping(tmp_path / "mapping.yml"), tmp_path / "exports", Settings())
    output = Console(file=(tmp_path / "work").open("w", encoding="utf-8"), highlight=False)
    _show(output, check)
    output.file.close()
