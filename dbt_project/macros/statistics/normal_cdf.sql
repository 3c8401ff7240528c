{#
    Standard normal distribution function: the probability of a value at or below x, as a double.

    Source: J. F. Hart et al., Computer Approximations (1968), algorithm 5666, as published in
    double precision by G. West, "Better approximations to cumulative normal functions",
    Wilmott Magazine, May 2005, pp. 70-76. Absolute error below 1e-14.
    For the two-sided p-value of a z statistic use two_sided_p_value, which keeps small ones exact.
#}
{% macro normal_cdf(x) -%}
    {%- set lower_tail = normal_lower_tail(x) -%}
    case when {{ x }} > 0 then 1 - {{ lower_tail }} else {{ lower_tail }} end
{%- endmacro %}

{# Two-sided p-value of a standard normal test statistic. #}
{% macro two_sided_p_value(z) -%}
    2 * {{ normal_lower_tail(z) }}
{%- endmacro %}

{# The probability of a value at or below -abs(x). #}
{% macro normal_lower_tail(x) -%}
    {%- set size = 'abs(cast(' ~ x ~ ' as double))' -%}
    {%- set density = 'exp(-' ~ size ~ ' * ' ~ size ~ ' / 2)' -%}
    (
        case
            when {{ size }} > 37 then 0.0
            when {{ size }} < 7.07106781186547 then
                {{ density }} * {{ polynomial(size, [
                    '3.52624965998911e-02', '0.700383064443688', '6.37396220353165',
                    '33.912866078383', '112.079291497871', '221.213596169931', '220.206867912376',
                ]) }} / {{ polynomial(size, [
                    '8.83883476483184e-02', '1.75566716318264', '16.064177579207',
                    '86.7807322029461', '296.564248779674', '637.333633378831',
                    '793.826512519948', '440.413735824752',
                ]) }}
            else
                {{ density }} / 2.506628274631 / (
                    {{ size }} + 1.0 / (
                        {{ size }} + 2.0 / ({{ size }} + 3.0 / ({{ size }} + 4.0 / ({{ size }} + 0.65)))
                    )
                )
        end
    )
{%- endmacro %}
