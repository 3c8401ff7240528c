"""A real candidate, built once by dbt from a landed world and published, for every test of the gate."""

import shutil
from pathlib import Path

import pytest

from siyu.gate import audit_candidate
from siyu.publication import export_candidate, publish_candidate
from siyu.settings import Home, Settings
from siyu.state.locks import hold
from siyu.warehouse import build_warehouse, read_build
from tests.gate.stories import RUN, Template
from tests.gate.worlds import AS_OF, busy_shop


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A home in which the busy shop was landed, built, audited and published; then exported once more.

    The workers of a parallel run share one: the first to come makes it.
    """
    root = tmp_path_factory.getbasetemp()
    shared = root.parent if root.name.startswith("popen-") else root
    home, done = Home(shared / "gate" / "home"), shared / "gate" / "done"
    with hold(shared / "gate.lock", run_id="tests", wait_seconds=240):
        if not done.exists():
            shutil.rmtree(home.root, ignore_errors=True)
            _publish_busy_shop(home.create(), Settings(duckdb_threads=1))
            done.touch()
    return Template(home)


def _publish_busy_shop(home: Home, settings: Settings) -> None:
    busy_shop().land(home, settings)
    build_warehouse(home, settings, run_id=RUN, as_of=AS_OF)
    export_candidate(home, read_build(home, RUN))
    verdict = audit_candidate(home, RUN)
    assert verdict.passed, [check for check in verdict.checks if check.status != "passed"]
    publish_candidate(home, settings, RUN)
    export_candidate(home, read_build(home, RUN))


@pytest.fixture
def published(template: Template, tmp_path: Path) -> Home:
    """A home of one's own with the busy shop published, and `candidates/story` with the same content."""
    home = Home(tmp_path / "published").create()
    shutil.copytree(template.home.publications, home.publications)
    shutil.copytree(template.home.published, home.published)
    shutil.copytree(
        template.home.candidates / RUN, home.candidates / RUN, ignore=shutil.ignore_patterns("verdict.*")
    )
    return home
