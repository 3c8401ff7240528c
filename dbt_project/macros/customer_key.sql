{#
    Customer of one channel, as its token names it; null where there is no token. It is the id of the person as well,
    as long as nothing was seen with the customer (siyu.identity makes ids in the same way).
#}
{% macro customer_key(channel_code, customer_token) -%}
    'm' || {{ short_hash(identifier('customer', channel_code, customer_token)) }}
{%- endmacro %}
