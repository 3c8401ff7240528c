{# Cost of goods of an order of which that much has been paid back; the rule of fct_orders. #}
{% macro cost_of_kept_goods(refunded_amount) -%}
    cast(
        cost_amount * cast(paid_amount - ({{ refunded_amount }}) as double) / paid_amount
        as numeric(18, 2)
    )
{%- endmacro %}
