{# The distinct elements of all lists of a group, sorted; an aggregate, empty where there are none. #}
{% macro merge_lists(lists) -%}
    coalesce(
        list_sort(list_distinct(flatten(list({{ lists }}) filter (where {{ lists }} is not null)))),
        cast([] as varchar[])
    )
{%- endmacro %}
