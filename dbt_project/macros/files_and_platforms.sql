{#
    All rows of the CTEs of platforms, and those of the CTE `files` that no platform tells of.

    What a file says of an order is from one moment, mostly from before the platform's API was read; so a row
    of a file whose columns `same` are equal to those of a platform's row is left out.
#}
{% macro files_and_platforms(platforms, same) -%}
    {%- for platform in platforms -%}
    select *
    from {{ platform }}

    union all

    {% endfor -%}
    select files.*
    from files
    {%- for platform in platforms %}
    {{ 'where' if loop.first else '    and' }} not exists (
            select *
            from {{ platform }}
            where
                {%- for column in same %}
                {{ 'and ' if not loop.first }}files.{{ column }} = {{ platform }}.{{ column }}
                {%- endfor %}
        )
    {%- endfor %}
{%- endmacro %}
