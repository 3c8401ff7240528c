{# The month of a date as text: 2026-11. #}
{% macro month_code(date) -%}
    strftime({{ date }}, '%Y-%m')
{%- endmacro %}
