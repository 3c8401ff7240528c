with

landings as (
    {{ customer_landings('youzan', {
        'customers': 'customer_token',
        'orders': 'customer_token',
        'points_changes': 'customer_token',
    }) }}

)

select * from landings
