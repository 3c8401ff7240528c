{#
    Money in the reporting currency, rounded to the fen; null where there is no rate.
    Most rows need no conversion and skip it: the wide cast, which keeps the product of two
    decimals from overflowing, is slow.
#}
{% macro in_reporting_currency(amount, exchange_rate, scale=2) -%}
    case
        when {{ exchange_rate }} = 1 then cast({{ amount }} as numeric(18, {{ scale }}))
        else cast(
            cast({{ amount }} as numeric(28, 6)) * {{ exchange_rate }}
            as numeric(18, {{ scale }})
        )
    end
{%- endmacro %}
