"""A dbt project without models, for tests that write a few of their own."""

EMPTY_PROJECT = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nmodels: {+materialized: table}\n",
    "profiles.yml": """
shop:
  target: embedded
  outputs:
    embedded: {type: duckdb, path: "{{ env_var('SIYU_WAREHOUSE_PATH') }}", schema: main}
""",
}
