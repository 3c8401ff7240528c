"""The tables of marketing and of WeCom's statistics, put into words from what the parts drew."""

MESSAGES = """
create view world.campaigns as
select
    campaign_id,
    if(tool = 3, 'referral', 'c' || padded(campaign_id, 2) || if(festival_code = '', '', '_' || festival_code))
        as campaign_code,
    if(tool = 3, '老带新', '活动' || padded(campaign_id, 2)) as name,
    ['coupon', 'content', 'member_day', 'referral'][if(tool = 3, 3, campaign_id % 3) + 1] as mechanism,
    ['mass_message', 'moment', 'template_message', 'referral'][tool + 1] as tool,
    if(festival_code = '', null, festival_code) as festival_code,
    utc_ever(if(tool = 3, getvariable('world_start'), starts)) as starts_at,
    utc_ever(if(tool = 3, getvariable('world_end'), ends)) as ends_at, holdout_share
from draft.campaigns;

create view world.campaign_members as
select campaign_id, account_id, if(is_treated, 'treatment', 'holdout') as arm, utc(assigned) as assigned_at
from draft.campaign_members;

create view world.mass_messages as
select
    message_id, opaque('msg', message_id) as wecom_msgid, if(is_group, 'group', 'single') as chat_type,
    utc(created) as created_at, if(creator > 1, creator, null) as creator_staff_id,
    if(campaign_id > 0, 'sales', pick('purposes', message_id)) as purpose,
    pick('message_texts', message_id) as content, positive(campaign_id) as campaign_id
from draft.messages;

-- Owners send to their groups what they are told to.
create table draft.group_tasks as
select
    message_id, group_id, owner as staff_id, created + 3600 + dice(message_id * 1000 + owner, 60) * 40 as sent,
    dice(message_id * 1000 + owner, 61) < 880 as confirms, messages.created
from draft.messages
join (select group_id, owner, created as begun, dissolved from draft.groups) on begun < created
    and dissolved > created
where is_group;

create view world.mass_message_tasks as
select message_id, staff_id, utc(sent) as sent_at from draft.message_tasks
union all
select distinct message_id, staff_id, if(confirms, utc(sent), null) from draft.group_tasks;

create table draft.results as
select row_number() over (order by message_id, staff_id, account_id, group_id) as result_id, * from (
    select message_id, staff_id, account_id, group_id, sent, outcome, replied, clicked from draft.message_results
    union all
    select
        message_id, staff_id, 0, group_id, if(confirms, sent, never()), if(confirms, 0, 3), never(),
        never()
    from draft.group_tasks
);
create view world.mass_message_results as
select
    result_id, message_id, staff_id, positive(account_id) as account_id, positive(group_id) as group_id,
    utc(sent) as sent_at,
    if(outcome = 0 and utc(sent) is null, 'unsent', ['sent', 'not_friend', 'over_limit', 'unsent'][outcome + 1])
        as outcome,
    utc(replied) as replied_at, utc(clicked) as clicked_at
from draft.results;

create view world.moments as
select
    moment_id, opaque('mom', moment_id) as wecom_moment_id, null as creator_staff_id, utc(created) as created_at,
    true as is_corporate, false as is_public,
    if(campaign_id > 0, 'sales', pick('purposes', moment_id + 1)) as purpose,
    pick('message_texts', moment_id) as content, positive(campaign_id) as campaign_id
from draft.moments
union all  -- posts of managers' own, seen by whom they please and counted nowhere
select
    1000000 + staff_id * 100 + month(month),
    opaque('mop', staff_id * 10000 + year(month) * 12 + month(month)), staff_id,
    on_day(last_day) + interval 3 hour, false, true, 'service', pick('message_texts', staff_id), null
from draft.staff cross join draft.months
where role = 1 and staff_id % 3 = 0 and year(month) = year(on_day(getvariable('end_day') - 1)) and hired < first_day
    and left_day > last_day;
create view world.moment_tasks as
select moment_id, staff_id, utc(published) as published_at from draft.moment_tasks
union all
select moment_id, creator_staff_id, created_at from world.moments where creator_staff_id is not null;
create view world.moment_reach as
select
    moment_id, staff_id, account_id, utc(visible) as visible_at, utc(liked) as liked_at,
    utc(commented) as commented_at, utc(clicked) as clicked_at
from draft.moment_reach;

"""

# Once followers and orders are known.
NOTICES = """
create table draft.templates as
select row_number() over (order by sent, account_id, order_id) as template_message_id, * from (
    from draft.template_messages
    union all by name  -- notices of shipped orders
    select
        account_id, 0 as campaign_id, order_id, first_shipped + 60 as sent, 0 as outcome,
        if(dice(order_id, 70) < 400, first_shipped + 4000, never()) as clicked
    from (select order_id, first_shipped from draft.orders where channel = 1)
    join (select order_id, person + 1 as person_id from draft.order_truth) using (order_id)
    join (select account_id, person_id from draft.accounts where channel = 4) using (person_id)
    join draft.follows using (account_id)
    where first_shipped between followed + 1 and least(unfollowed, getvariable('world_end') - 61)
);
create view world.template_messages as
select
    template_message_id, account_id, positive(campaign_id) as campaign_id, positive(order_id) as order_id,
    utc(sent) as sent_at, ['success', 'failed_user_block', 'failed_system'][outcome + 1] as outcome,
    utc(clicked) as clicked_at
from draft.templates;

"""

STATISTICS = """
create view world.acquisition_links as
select
    link_id, wecom_link_id, '获客链接' || padded(link_id, 2) as name,
    'https://work.weixin.qq.com/ca/' || wecom_link_id as url, utc_ever(created) as created_at,
    null as campaign_id, ad_campaign_id, channel_state
from draft.links;
create view world.acquisition_link_staff as
select distinct link_id, staff_id from world.contacts where link_id is not null;
create view world.acquisition_link_days as
select
    link_id, cast(started_at + interval 8 hour as date) as stat_on, count(*) * 3 + link_id as clicks,
    count(*) as new_customers
from world.contacts
where link_id is not null and started_at >= utc_ever(getvariable('world_start'))
group by link_id, stat_on;

create view world.staff_days as
with talks as (
    select
        staff_id, shanghai_day(chats.started) as day, count(*) as chats, sum(messages) as messages,
        count(*) filter (where by_customer) as asked,
        count(*) filter (where by_customer and replied < getvariable('world_end')) as answered,
        cast(round(avg((replied - chats.started) / 60) filter (
            where by_customer and replied < getvariable('world_end')
        )) as integer) as minutes
    from draft.chats join draft.contacts using (contact_id)
    group by staff_id, day
),
begun as (
    select staff_id, shanghai_day(started) as day, count(*) as begun from draft.contacts
    where started between getvariable('world_start') and getvariable('world_end') - 1 group by staff_id, day
),
over as (
    select staff_id, shanghai_day(ended) as day, count(*) as over from draft.contacts
    where ended_by = 1 and ended between getvariable('world_start') and getvariable('world_end') - 1
    group by staff_id, day
)
select
    staff_id, day as stat_on, coalesce(chats, 0) as chats, coalesce(messages, 0) as messages,
    round(100.0 * answered / nullif(asked, 0), 2) as reply_percentage, minutes as avg_reply_minutes,
    coalesce(over, 0) as negative_feedback, coalesce(begun, 0) + staff_id % 2 as new_applications,
    coalesce(begun, 0) as new_contacts
from talks full join begun using (staff_id, day) full join over using (staff_id, day);
"""
