{# The distinct values of a column as a sorted list; an aggregate. #}
{% macro sorted_list(column) -%}
    list_sort(list(distinct {{ column }}))
{%- endmacro %}
