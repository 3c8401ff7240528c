{#
    dbt compares all columns of a model with expected rows that are given as SQL; here, as with
    rows that are listed, only the columns which the expectation names.
#}
{% macro duckdb__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
    {%- if config.get('expected_sql') -%}
        {%- set expected_column_names = get_columns_in_query(expected_fixture_sql) -%}
    {%- endif -%}
    {{ default__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) }}
{%- endmacro %}
