with

landings as (
    {{ customer_landings('taobao', {
        'members': 'customer_token',
        'orders': 'customer_token',
        'refunds': 'customer_token',
        'reviews': 'customer_token',
    }) }}

)

select * from landings
