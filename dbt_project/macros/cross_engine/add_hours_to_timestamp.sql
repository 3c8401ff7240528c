{# The timestamp that many hours later. #}
{% macro add_hours_to_timestamp(timestamp, hours) -%}
    {{ timestamp }} + to_hours({{ hours }})
{%- endmacro %}
