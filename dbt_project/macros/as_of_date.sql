{# The last business day that exists, as a date literal; a missing or malformed var stops the run. #}
{% macro as_of_date() -%}
    {%- set asked = var('as_of_date') -%}
    {%- if asked is none and execute -%}
        {{ exceptions.raise_compiler_error(
            "as_of_date is not set; expected a date; pass --vars '{as_of_date: 2026-11-20}'"
        ) }}
    {%- endif -%}
    {%- set day = modules.datetime.date.fromisoformat(asked | string) if asked is not none else '1970-01-01' -%}
    cast('{{ day }}' as date)
{%- endmacro %}
