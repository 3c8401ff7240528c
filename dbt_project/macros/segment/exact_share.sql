{# A var that holds a share, as an exact decimal: 0.1 * 70 members is 7, not a little more. #}
{% macro exact_share(name) -%}
    cast('{{ var(name) }}' as numeric(9, 6))
{%- endmacro %}
