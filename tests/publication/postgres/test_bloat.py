"""Night after night the tables in PostgreSQL stay as small as freshly loaded ones."""

from collections.abc import Callable

import psycopg
import pytest

from siyu.clock import utc_now
from siyu.publication import prune_publications, publish_candidate, published_state
from siyu.publication.targets import postgres_state
from siyu.settings import Home, Settings
from tests.postgres import Database
from tests.publication.postgres.tables import configure, write_night

ROWS = 20_000
NIGHTS = 60
# each night about 4 of 100 members have a new amount, and some come or go
MEMBERS = """
from range({rows}) as members
select range as member_id, 'somebody called ' || range as name, null::varchar as note, date '2026-11-20' as day,
    (list_max([0] || [night for night in range({night} + 1) if hash(range, night) % 100 < 4]))::decimal(18,2) as amount
where hash(range, {night} // 10) % 1000 <> 0
"""


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.guarantee("F26")
def test_f26_sixty_nights_leave_tables_full_of_dead_rows(
    home: Home, postgres: Database, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str, object], None]
) -> None:
    configure(monkeypatch, postgres)
    settings = Settings(keep_publications=2, reader_grace_hours=0)
    with psycopg.connect(postgres.admin_uri, autocommit=True) as admin:

        def ask(query: str) -> int:
            found = admin.execute(query).fetchone()
            assert found is not None
            return int(found[0])

        def publish(night: int) -> int:
            write_night(home, f"night{night}", {"members": MEMBERS.format(rows=ROWS, night=night)})
            publish_candidate(home, settings, f"night{night}")
            return ask("select pg_total_relation_size('marts.members')")

        fresh = publish(1)
        # the worst case: nothing is ever vacuumed, as under a reader who never ends
        admin.execute("alter table marts.members set (autovacuum_enabled = off)")
        greatest = max(publish(night) for night in range(2, NIGHTS + 1))
        prune_publications(home, settings, utc_now())
        admin.execute("select pg_stat_force_next_flush()")
        updated = ask("select n_tup_upd from pg_stat_user_tables where relid = 'marts.members'::regclass")
    assert 0.02 <= updated / ROWS / (NIGHTS - 1) <= 0.05
    assert postgres_state(home) == published_state(home)
    assert greatest <= 2.5 * fresh
    figure("size after 60 nights without a vacuum, times a fresh load", round(greatest / fresh, 2))
