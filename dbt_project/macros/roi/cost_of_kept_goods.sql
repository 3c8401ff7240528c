{# Cost of goods of an order of which that much has been paid back: all of it where the order was free. #}
{% macro cost_of_kept_goods(refunded_amount) -%}
    case
        when paid_amount > 0
            then {{ round_to_fen(
                'cost_amount * cast(paid_amount - (' ~ refunded_amount ~ ') as double) / paid_amount'
            ) }}
        else cast(cost_amount as numeric(18, 2))
    end
{%- endmacro %}
