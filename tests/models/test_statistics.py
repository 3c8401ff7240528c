"""The statistics macros against scipy, on the engine that runs them."""

import math
from pathlib import Path

import duckdb
import pytest
from jinja2 import Template
from scipy import stats

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros" / "statistics"


def evaluate(macro: str, values: list[float]) -> list[float | None]:
    """What the macro gives for each value, computed by DuckDB in the order given."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(MACROS.glob("*.sql")))
    expression = Template(source + "{{ " + macro + "('x') }}").render()
    relation = duckdb.sql("select unnest($values::double[]) as x", params={"values": values})
    return [row[0] for row in relation.project(expression).fetchall()]


def test_macros_were_found():
    assert {path.stem for path in MACROS.glob("*.sql")} >= {"normal_cdf", "normal_quantile"}


def test_normal_cdf_is_within_1e_14_of_scipy():
    values = [step / 100 for step in range(-900, 901)]
    found = evaluate("normal_cdf", values)
    worst = max(abs(mine - theirs) for mine, theirs in zip(found, stats.norm.cdf(values), strict=True))
    assert worst < 1e-14


def test_small_p_values_keep_their_size():
    values = [0.0, 1.959963984540054, -2.5758293035489004, 5.0, -8.0, 12.0, 37.5]
    found = evaluate("two_sided_p_value", values)
    expected = [2 * stats.norm.sf(abs(z)) for z in values]
    assert found[:-1] == pytest.approx(expected[:-1], rel=1e-7)
    assert found[-1] == 0


def test_normal_quantile_is_within_1e_12_of_scipy():
    shares = [1e-300, 1e-20, 1e-6, 0.0249, 0.025, 0.074, 0.076, 0.5, 0.924, 0.926, 0.975, 1 - 1e-12]
    found = evaluate("normal_quantile", shares)
    assert found == pytest.approx(list(stats.norm.ppf(shares)), rel=1e-12, abs=1e-12)


def test_normal_quantile_of_a_certainty_is_unknown():
    assert evaluate("normal_quantile", [0.0, 1.0]) == [None, None]


def test_quantile_and_cdf_undo_each_other():
    shares = [0.001, 0.025, 0.2, 0.5, 0.8, 0.975, 0.999]
    quantiles = [value for value in evaluate("normal_quantile", shares) if value is not None]
    assert evaluate("normal_cdf", quantiles) == pytest.approx(shares, abs=1e-13)
    assert not any(math.isnan(value) for value in quantiles)
