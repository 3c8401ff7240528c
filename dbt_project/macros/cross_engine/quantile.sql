{# A quantile, interpolated between neighbours, rounded to six places. #}
{% macro quantile(column, share) -%}
    cast(quantile_cont(cast({{ column }} as double), {{ share | round(9) }}) as numeric(18, 6))
{%- endmacro %}
