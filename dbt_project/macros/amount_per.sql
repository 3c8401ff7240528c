{# Money per head, to the fen; null where the count is zero or unknown. #}
{% macro amount_per(amount, count) -%}
    cast(cast({{ amount }} as double) / nullif({{ count }}, 0) as numeric(18, 2))
{%- endmacro %}
