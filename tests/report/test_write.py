"""Writing the report: whole or not at all, about the publication that was asked for, never in the way of one."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from siyu.cli.report import report
from siyu.errors import DamagedFileError, UsageError
from siyu.publication import current_publication
from siyu.report import write_report
from siyu.settings import Home, Settings
from siyu.state.outbox import failed, open_incidents
from tests.publication.small_candidates import leftovers
from tests.report.homes import written

pytestmark = pytest.mark.xdist_group("report")


@pytest.fixture
def mine(busy: Home, tmp_path: Path) -> Home:
    """A copy of the busy shop's home to break."""
    return Home(Path(shutil.copytree(busy.root, tmp_path / "mine")))


def test_a_damaged_publication_gets_a_new_page_or_loses_the_old(mine: Home) -> None:
    page = mine.report_file.read_bytes()
    (mine.publications / "000002" / "kpi_daily.parquet").write_bytes(b"PAR1")
    with pytest.raises(DamagedFileError, match="kpi_daily"):
        write_report(mine, Settings())
    assert mine.report_file.read_bytes() == page
    assert leftovers(mine) == []
    current = current_publication(mine)
    assert current is not None
    assert current.id == 2


@pytest.mark.parametrize("file", ["kpi_daily.parquet", "manifest.json"])
def test_damage_of_an_earlier_publication_keeps_the_report_from_being_written(mine: Home, file: str) -> None:
    (mine.publications / "000001" / file).write_bytes(b"{")
    text = written(mine)
    assert "2024-02-29 · 2</title>" in text
    assert "b1-bridge" not in text


def test_a_report_that_failed_casts_doubt_on_the_numbers(home: Home) -> None:
    from siyu.clock import utc_now

    failed(home, dag="publish_marts", step="report", title="t", words="w", at=utc_now())
    assert [incident.is_of_a_night for incident in open_incidents(home)] == [False]


def test_the_same_publication_gives_another_page(mine: Home) -> None:
    assert written(mine) == written(mine)


def test_the_command_writes_about_another_publication_than_asked(mine: Home) -> None:
    app = typer.Typer()
    app.command()(report)
    said = CliRunner().invoke(app, ["--home", str(mine), "--publication", "1", "--json"])
    assert said.exit_code == 0, said.output
    told = json.loads(said.output)
    text = mine.report_file.read_text(encoding="utf-8")
    assert (told["publication"], told["bytes"]) == (1, len(text.encode()))
    assert "2024-02-28 · 1</title>" in text
    assert CliRunner().invoke(app, ["--home", str(mine)]).output.strip() == str(mine.report_file)
    assert "2024-02-29 · 2</title>" in mine.report_file.read_text(encoding="utf-8")


def test_after_a_rollback_the_page_still_shows_what_was_taken_back(mine: Home) -> None:
    from siyu.cli.main import app

    words = ["rollback", "1", "--by", "li.na", "--reason", "wrong prices", "--home", str(mine)]
    said = CliRunner().invoke(app, words, catch_exceptions=False)
    assert "publication 3 restores 1" in said.output
    assert "2024-02-28 · 3</title>" in mine.report_file.read_text(encoding="utf-8")


def test_the_documentation_site_is_linked_where_nobody_named_one_or_not_where_somebody_did(
    mine: Home,
) -> None:
    assert "dictionary.html" not in written(mine)
    write_report(mine, Settings(docs_url="https://docs.example.com/siyu/"))
    text = mine.report_file.read_text(encoding="utf-8")
    assert 'href="https://docs.example.com/siyu/dictionary.html"' in text
    assert 'href="https://docs.example.com/siyu/dbt/index.html"' in text


def test_a_publication_that_is_not_there_is_no_error(mine: Home, home: Home) -> None:
    with pytest.raises(UsageError, match="publication 7 is not in"):
        write_report(mine, Settings(), publication_id=7)
    with pytest.raises(UsageError, match="nothing has been published"):
        write_report(home, Settings())
    assert not home.report_file.exists()
