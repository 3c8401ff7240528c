{# Key of a thing that one account of a platform has, such as an employee or a group; null where there is none. #}
{% macro account_key(channel_code, account_id, id) -%}
    {{ channel_code }} || '|' || {{ account_id }} || '|' || {{ id }}
{%- endmacro %}
