"""What lands of WeCom through the sandbox is what a generated world holds: no row lost, none twice, to the fen."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from siyu.channels.api import Account, Window, extract_window
from siyu.channels.api.calls import Patience
from siyu.channels.wecom import CONNECTOR
from siyu.sandbox.world.generate import generate_world
from siyu.settings import Home, Settings
from tests.channels.sandboxed import Ask, asking_landed, asking_world
from tests.channels.wecom.truth import EQUAL, as_of, files_of_persons
from tests.sandbox.server.conftest import Running, running

pytestmark = pytest.mark.soak  # three months of a world, every stream of it

AT = datetime(2026, 2, 20, 4, 0, tzinfo=UTC)  # noon in China
WHOLE = Window(start=datetime(2025, 11, 30, 16, tzinfo=UTC), end=datetime(2026, 2, 19, 16, tzinfo=UTC))
IN_A_HURRY = replace(CONNECTOR, api=replace(CONNECTOR.api, per_second=5000))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    generate_world(folder, size="2500", seed=3, first=date(2025, 12, 1), last=date(2026, 2, 28))
    return folder


@pytest.fixture(scope="module")
def held(world: Path) -> Iterator[Ask]:
    with asking_world(world, as_of(AT)) as ask:
        yield ask


@pytest.fixture(scope="module")
def sandbox(world: Path) -> Iterator[Running]:
    with running(world, at=AT) as server:
        server.limits("wecom", {"calls": 10**6, "seconds": 1})
        yield server


@pytest.fixture(scope="module")
def account(sandbox: Running, held: Ask, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The self-built app, with its two files."""
    app = sandbox.app("wecom")
    return Account(
        name=app.app_id,
        brand_code="default",
        channel_code="wecom",
        base_url=f"{sandbox.base}/wecom",
        settings={"secret": app.secret, **files_of_persons(tmp_path_factory.mktemp("files"), held)},
    )


@pytest.fixture(scope="module")
def landed(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Every stream extracted once; then questions to what has landed."""
    home = Home(tmp_path_factory.mktemp("home")).create()
    settings = Settings(duckdb_threads=1, duckdb_memory_limit="500MB")
    for stream in CONNECTOR.streams:
        record = extract_window(home, settings, IN_A_HURRY, account, stream.name, WHOLE, clock=lambda: AT)
        assert record.extraction is not None
        assert record.extraction.is_complete
        assert not any(one.counts.quarantined for one in record.resources.values())
    with asking_landed(home, CONNECTOR) as ask:
        yield ask


@pytest.mark.parametrize("resource", EQUAL)
def test_every_row_of_the_world_lands_once(landed: Ask, held: Ask, resource: str) -> None:
    ours, theirs = EQUAL[resource]
    expected = held(theirs)
    assert expected, "a world too small to tell"
    assert landed(ours) == expected


@pytest.mark.parametrize("stream", ["contacts", "groups", "mass_message_results"])
def test_a_fifth_of_all_calls_failing_loses_and_doubles_nothing(
    landed: Ask, sandbox: Running, account: Account, tmp_path: Path, stream: str
) -> None:
    home = Home(tmp_path / "home").create()
    # a request for a token has none that could expire; two that expire one after the other are a revoked app
    sandbox.fault("token_expired", channel="wecom", endpoint="*/externalcontact/*", after=5, times=1)
    for number, kind in enumerate(("http_500", "reset", "half_body", "html")):
        sandbox.fault(kind, channel="wecom", endpoint="*/externalcontact/*", share=0.05, seed=number)
    quick = Patience(first_seconds=0.01, longest_seconds=0.1, tries=20, whole_seconds=60)
    settings = Settings(duckdb_threads=1, duckdb_memory_limit="500MB")
    try:
        record = extract_window(
            home, settings, IN_A_HURRY, account, stream, WHOLE, clock=lambda: AT, patience=quick
        )
    finally:
        sandbox.admin.delete("/faults")
    assert record.extraction is not None
    assert record.extraction.calls.retries + record.extraction.calls.refreshes > 0
    for resource, one in record.resources.items():
        assert one.counts.landed == landed(f"select count(*) from {resource}")[0][0]  # noqa: S608


def test_nothing_of_the_world_is_left_unasked() -> None:
    counted_elsewhere = {"tag_groups", "group_states"}  # joined above
    not_in_the_world = {"moment_comments", "transfers"}
    assert set(CONNECTOR.resources) == set(EQUAL) | counted_elsewhere | not_in_the_world
