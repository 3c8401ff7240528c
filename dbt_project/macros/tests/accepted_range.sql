{# Fails for each row with one of these columns below the minimum or above the maximum; nulls pass. #}
{% test accepted_range(model, columns, minimum=none, maximum=none) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    where
        false
        {% for column in columns %}
            {% if minimum is not none %} or {{ column }} < {{ minimum }} {% endif %}
            {% if maximum is not none %} or {{ column }} > {{ maximum }} {% endif %}
        {% endfor %}
{% endtest %}
