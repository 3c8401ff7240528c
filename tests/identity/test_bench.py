"""The bench of identity measures a graph with all kinds of trouble, and gives no figures where partitions differ."""

import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from siyu.bench.identity import _check_equal, as_words, measure_identity
from siyu.errors import RefusedError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("graph")


def test_the_measured_graph_has_no_trouble_in_it(folder: Path) -> None:
    figures = measure_identity(
        folder, edges=20_000, runs=1, threads=1, memory_limit="1GB", with_recursive=False
    )
    with duckdb.connect() as connection:
        for name, rows in (("edges", 20_000), ("identifiers", 28_000)):
            found = connection.read_parquet(str(folder / f"{name}.parquet"))
            key = "(left_identifier, right_identifier)" if name == "edges" else "identifier"
            assert found.aggregate(f"count(*), count(distinct {key})").fetchall() == [(rows, rows)]
    assert set(figures.conflicts) == {"blocked_by_degree", "over_limit", "recycled"}
    assert 7_000 < figures.members < 10_000
    assert figures.ratio == round(figures.ours_seconds / figures.baseline_seconds, 2)
    assert figures.splink_seconds is not None
    words = as_words(figures)
    assert "20,000 edges, 28,000 identifiers" in words
    assert re.search(r"^  Splink's clustering +\d+\.\d s$", words, re.MULTILINE)
    assert "needs the extra siyu[fuzzy]" in as_words(replace(figures, splink_seconds=None))


@pytest.mark.parametrize(
    "members",
    [
        "(('a', 'm1'), ('b', 'm1'))",
        "(('a', 'm1'), ('b', 'm2'), ('c', 'm3'))",
        "(('a', 'm1'), ('b', 'm1'), ('c', 'm1'))",
    ],
    ids=["one is missing", "one is apart", "one too many is joined"],
)
def test_another_partition_than_the_baseline_s_gets_figures(tmp_path: Path, members: str) -> None:
    with duckdb.connect() as connection:
        for name, rows in (("labels", "(('a', 1), ('b', 1), ('c', 2))"), ("members", members)):
            kind = "label" if name == "labels" else "member_id"
            found = connection.sql(f"from (values {rows[1:-1]}) as rows (identifier, {kind})")
            found.write_parquet(str(tmp_path / f"{name}.parquet"))
    with pytest.raises(RefusedError, match="are not the connected components"):
        _check_equal(tmp_path)
