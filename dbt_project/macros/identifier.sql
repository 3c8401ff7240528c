{# What a token names, as identity resolution reads it; null where there is no token. #}
{% macro identifier(identifier_type, scope, token) -%}
    '{{ identifier_type }}|' || {{ scope }} || '|' || {{ token }}
{%- endmacro %}
