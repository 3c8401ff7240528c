{# Key of a product: its code in a channel, in capitals since shops write one code in several letter cases. #}
{% macro product_key(channel_code, product_code) -%}
    {{ channel_code }} || '|' || upper({{ product_code }})
{%- endmacro %}
