{# Key of an order over all channels: the order number of a channel, behind its channel. #}
{% macro order_key(channel_code, order_id) -%}
    {{ channel_code }} || '|' || {{ order_id }}
{%- endmacro %}
