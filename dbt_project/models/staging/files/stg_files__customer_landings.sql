with

landings as (
    {{ customer_landings('files', {
        'customers': 'customer_token',
        'orders': 'customer_token',
        'order_lines': 'customer_token',
        'refunds': 'customer_token',
        'touches': 'customer_token',
        'consents': 'customer_token',
        'member_tags': 'customer_token',
        'memberships': 'customer_token',
        'points_changes': 'customer_token',
        'children': 'customer_token',
        'contact_lists': 'customer_token',
        'scans': 'customer_token',
        'consults': 'customer_token',
    }) }}

)

select * from landings
