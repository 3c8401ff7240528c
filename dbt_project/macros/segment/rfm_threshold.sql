{#
    The value that tells high from low, by var rfm_threshold_method, with six places (what is
    compared is what is stored). An aggregate over the buyers of one window.

    is_low_good: a small value is the high one (recency), so a quantile counts from the other end.
#}
{% macro rfm_threshold(column, fixed_column, is_low_good=false) -%}
    {%- set method = var('rfm_threshold_method') -%}
    {%- set share_below = var('rfm_threshold_quantile') -%}
    {%- if method == 'mean' -%}
        cast(avg({{ column }}) as numeric(18, 6))
    {%- elif method == 'median' -%}
        {{ quantile(column, 0.5) }}
    {%- elif method == 'quantile' -%}
        {{ quantile(column, 1 - share_below if is_low_good else share_below) }}
    {%- elif method == 'fixed' -%}
        cast(max({{ fixed_column }}) as numeric(18, 6))
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "rfm_threshold_method is '" ~ method ~ "'; expected mean, median, quantile or fixed"
        ) }}
    {%- endif -%}
{%- endmacro %}
