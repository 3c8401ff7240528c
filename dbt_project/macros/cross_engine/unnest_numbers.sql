{# One row per number of a list; no row where it is empty. #}
{% macro unnest_numbers(numbers) -%}
    unnest(cast([{{ numbers | join(', ') }}] as integer[]))
{%- endmacro %}
