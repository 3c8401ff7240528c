{# Each column of a relation under its own name, 0 where a join found nothing. #}
{% macro zero_where_null_each(columns, relation) -%}
    {%- for column in columns -%}
        coalesce({{ relation }}.{{ column }}, 0) as {{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
