{# Calendar months from the month of the first date to the month of the second. #}
{% macro months_between(first_date, second_date) -%}
    date_diff('month', {{ first_date }}, {{ second_date }})
{%- endmacro %}
