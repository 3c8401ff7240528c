{# One row per calendar day from the first date to the last, both inclusive. #}
{% macro unnest_days(first_date, last_date) -%}
    cast(unnest(generate_series({{ first_date }}, {{ last_date }}, interval 1 day)) as date)
{%- endmacro %}
