{# Whole calendar days from the first date to the second. #}
{% macro days_between(first_date, second_date) -%}
    date_diff('day', {{ first_date }}, {{ second_date }})
{%- endmacro %}
