{# A share, rate or quotient with six places; null where the denominator is zero or unknown. #}
{% macro ratio(numerator, denominator) -%}
    cast(
        cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
        as numeric(18, 6)
    )
{%- endmacro %}
