{# Money per head, to the fen; null where the count is zero or unknown. #}
{% macro amount_per(amount, count) -%}
    {{ round_to_fen('cast(' ~ amount ~ ' as double) / nullif(' ~ count ~ ', 0)') }}
{%- endmacro %}
