{# Fails for each row in which one of these columns is null. One query for all of them: a night runs hundreds of tests. #}
{% test never_null(model, columns) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    where {{ columns | join(' is null or ') }} is null
{% endtest %}
