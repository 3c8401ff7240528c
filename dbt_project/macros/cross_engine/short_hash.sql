{# 20 hex digits that are equal for equal texts; null for null. #}
{% macro short_hash(text) -%}
    left(sha256({{ text }}), 20)
{%- endmacro %}
