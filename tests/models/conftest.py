"""One dbt build for every test of the models; tests that use it belong to the xdist group `dbt_project`."""

import pytest

from tests.models.building import DbtBuild, create_raw_views, dbt_build


@pytest.fixture(scope="session")
def empty_build(tmp_path_factory: pytest.TempPathFactory) -> DbtBuild:
    """The whole project, unit tests included, over nothing landed."""
    folder = tmp_path_factory.mktemp("dbt_empty")
    create_raw_views(folder / "warehouse.duckdb")
    return dbt_build(folder, as_of_date="2024-04-01")
