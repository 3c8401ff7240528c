{#
    Unbiased variance of a sample, as a double, from its sum, its sum of squares and its size, so
    that the order of rows cannot change it; null below two observations.
#}
{% macro sample_variance(total, squares, size) -%}
    case
        when {{ size }} > 1
            then greatest(
                cast({{ squares }} as double)
                - cast({{ total }} as double) * cast({{ total }} as double) / {{ size }},
                0
            ) / ({{ size }} - 1)
    end
{%- endmacro %}
