{# Calendar date, in the business time zone, of a timestamp that is in UTC without a zone. #}
{% macro business_date(timestamp_utc) -%}
    cast(timezone('{{ var("business_timezone") }}', timezone('UTC', {{ timestamp_utc }})) as date)
{%- endmacro %}
