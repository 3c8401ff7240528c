{# The last day of a month that ended before the date; 0 names the newest of them, 1 the one before. #}
{% macro month_end_before(date, months_before) -%}
    cast(
        date_trunc('month', {{ date }}) - interval {{ months_before }} month - interval 1 day
        as date
    )
{%- endmacro %}
