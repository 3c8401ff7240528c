{# The same time of day that many days later. #}
{% macro add_days_to_timestamp(timestamp, days) -%}
    {{ timestamp }} + to_days({{ days }})
{%- endmacro %}
