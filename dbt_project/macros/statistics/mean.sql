{# Mean of a sample from its sum and size, as a double; null where it is empty. #}
{% macro mean(total, size) -%}
    cast({{ total }} as double) / nullif({{ size }}, 0)
{%- endmacro %}
