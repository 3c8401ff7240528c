with

landings as (
    {{ customer_landings('wecom', {
        'acquisition_customers': 'external_userid_token',
        'bills': 'external_userid_token',
        'contact_phones': 'external_userid_token',
        'contact_tags': 'external_userid_token',
        'contacts': 'external_userid_token',
        'group_members': 'member_token',
        'mass_message_results': 'external_userid_token',
        'moment_comments': 'external_userid_token',
        'moment_likes': 'external_userid_token',
        'moment_reach': 'external_userid_token',
        'resigned_transfers': 'external_userid_token',
        'transfers': 'external_userid_token',
        'unassigned_contacts': 'external_userid_token',
        'unionid_links': 'external_userid_token',
    }) }}

)

select * from landings
