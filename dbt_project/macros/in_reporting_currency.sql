{#
    Money in the reporting currency, rounded to the fen; null where there is no rate.
    The wide cast keeps the product of two decimals from overflowing.
#}
{% macro in_reporting_currency(amount, exchange_rate, scale=2) -%}
    cast(
        cast({{ amount }} as numeric(28, 6)) * {{ exchange_rate }} as numeric(18, {{ scale }})
    )
{%- endmacro %}
