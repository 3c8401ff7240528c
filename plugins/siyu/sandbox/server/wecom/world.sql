-- What an app may see of the corp as it stands now (present.sql). departments: its visible range, or null for all.

create macro wecom_visible_staff(departments) as table
    select *
    from wecom_staff
    where departments is null or list_contains(departments, department_id);

create macro wecom_visible_edges(departments) as table
    select *
    from wecom_edges
    where departments is null or list_contains(departments, department_id);

-- What is read less often. t: now, UTC without a zone; today: the day in China.

-- Dissolved groups are gone.
create macro wecom_groups(t, today, departments) as table
    select
        groups.*,
        epoch(groups.created_at)::bigint as create_time,
        staff.wecom_userid as owner,
        -- 1: the owner has left; the world hands no group on
        case when staff.left_on <= today then 1 else 0 end as status
    from groups
    inner join staff on groups.owner_staff_id = staff.staff_id
    where
        groups.created_at <= t
        and (groups.dissolved_at is null or groups.dissolved_at > t)
        and (departments is null or staff.staff_id in (select staff_id from wecom_visible_staff(departments)));

create macro wecom_moments(t, today, departments) as table
    select moments.*, epoch(moments.created_at)::bigint as create_time, staff.wecom_userid as creator
    from moments
    left join staff on moments.creator_staff_id = staff.staff_id
    where
        moments.created_at <= t
        and (departments is null or staff.staff_id in (select staff_id from wecom_visible_staff(departments)));

-- The customers of one employee who were chosen to see one post.
create macro wecom_reach(post, employee) as table
    select moment_reach.*, accounts.wecom_external_userid as external_userid
    from moment_reach
    inner join accounts on moment_reach.account_id = accounts.account_id
    where moment_reach.moment_id = post and moment_reach.staff_id = employee;

create macro wecom_messages(t, today, departments) as table
    select
        mass_messages.*,
        epoch(mass_messages.created_at)::bigint as create_time,
        staff.wecom_userid as creator,
        staff.role
    from mass_messages
    left join staff on mass_messages.creator_staff_id = staff.staff_id
    where
        mass_messages.created_at <= t
        and (departments is null or staff.staff_id in (select staff_id from wecom_visible_staff(departments)));

create macro wecom_link_customers(t) as table
    select
        contacts.*,
        staff.wecom_userid as userid,
        accounts.wecom_external_userid as external_userid
    from contacts
    inner join staff on contacts.staff_id = staff.staff_id
    inner join accounts on contacts.account_id = accounts.account_id
    where contacts.link_id is not null and contacts.started_at <= t;

create macro wecom_transfers(t, wanted_kind) as table
    select
        transfers.*,
        accounts.wecom_external_userid as external_userid,
        handovers.wecom_userid as handover,
        takeovers.wecom_userid as takeover
    from transfers
    inner join accounts on transfers.account_id = accounts.account_id
    inner join staff as handovers on transfers.handover_staff_id = handovers.staff_id
    inner join staff as takeovers on transfers.takeover_staff_id = takeovers.staff_id
    where transfers.requested_at <= t and transfers.kind = wanted_kind;
