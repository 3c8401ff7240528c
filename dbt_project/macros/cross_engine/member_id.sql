{# Identifier of the person behind one customer token of one channel; null where there is no token. #}
{% macro member_id(channel_code, customer_token) -%}
    'm' || left(sha256({{ channel_code }} || '|' || {{ customer_token }}), 20)
{%- endmacro %}
