{#
    A quotient as money, rounded half away from zero at two places. DuckDB divides decimals as doubles,
    so that 2.01 / 2 comes as 1.00499...; ten places restore the 1.005 that is then rounded to 1.01.
#}
{% macro round_to_fen(quotient) -%}
    cast(cast({{ quotient }} as numeric(38, 10)) as numeric(18, 2))
{%- endmacro %}
