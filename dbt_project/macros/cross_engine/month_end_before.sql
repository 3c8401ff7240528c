{# The last day of a month that ended before the date; 0 names the newest of them, 1 the one before. #}
{% macro month_end_before(date, months_before) -%}
    cast(
        date_trunc('month', {{ date }}) - to_months({{ months_before }}) - interval 1 day
        as date
    )
{%- endmacro %}
