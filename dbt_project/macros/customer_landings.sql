{# Every row of a channel's raw tables that names a customer, versions and all: what landed first gives a member its id. #}
{% macro customer_landings(channel, tokens) -%}
    {%- for resource, token in tokens.items() %}
        select
            {{ identifier('customer', 'channel_code', token) }} as identifier,
            _load_id
        from {{ source('raw', channel ~ '__' ~ resource) }}
        where {{ token }} is not null
        {%- if not loop.last %}

        union all
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
