{#
    All rows of `stg_<channel>__<entity>` of the files and of those of these platforms that are on.
#}
{% macro of_channels(entity, platforms) -%}
    select * from {{ ref('stg_files__' ~ entity) }}
    {%- for channel in platforms | select('in', var('channels')) %}

    union all

    select * from {{ ref('stg_' ~ channel ~ '__' ~ entity) }}
    {%- endfor %}
{%- endmacro %}
