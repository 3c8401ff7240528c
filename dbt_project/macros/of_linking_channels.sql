{#
    All rows of `stg_<channel>__<entity>` of the files and of each platform that tells of two identifiers of a
    customer: a channel that links is named here alone.
#}
{% macro of_linking_channels(entity) -%}
    select * from {{ ref('stg_files__' ~ entity) }}
    {%- for channel in ['wecom', 'youzan'] | select('in', var('channels')) %}

    union all

    select * from {{ ref('stg_' ~ channel ~ '__' ~ entity) }}
    {%- endfor %}
{%- endmacro %}
