{# The column that counts those of whom priority care takes a share, by var priority_care_population. #}
{% macro priority_care_population_count() -%}
    {%- set population = var('priority_care_population') -%}
    {%- if population == 'repeat_buyers' -%}
        repeat_buyer_count
    {%- elif population == 'buyers' -%}
        buyer_count
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            "priority_care_population is '" ~ population ~ "'; expected repeat_buyers or buyers"
        ) }}
    {%- endif -%}
{%- endmacro %}
