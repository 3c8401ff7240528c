-- The corp as it stands now: made anew when the clock has moved.

create or replace table wecom_staff as
    select
        staff.staff_id,
        staff.wecom_userid as userid,
        staff.name,
        staff.mobile,
        staff.gender,
        staff.role,
        coalesce(staff_assignments.department_id, 1) as department_id

    from staff

    left join staff_assignments
        on
            staff.staff_id = staff_assignments.staff_id
            and staff_assignments.valid_from_on <= $day
            and (staff_assignments.valid_to_on is null or staff_assignments.valid_to_on > $day)

    where
        staff.hired_on <= $day
        and (staff.left_on is null or staff.left_on > $day)

    order by staff.staff_id;

-- The latest episode of each pair. A friendship that the customer ended stays visible to staff (XW 84061).
create or replace table wecom_edges as

    with

    episodes as (

        select *
        from contacts
        where started_at <= $t
        qualify row_number() over (partition by account_id, staff_id order by started_at desc, contact_id desc) = 1

    ),

    tagged as (

        select
            contact_tags.contact_id,
            list(tags.wecom_tag_id order by tags.tag_id) as tag_ids
        from contact_tags
        inner join tags
            on contact_tags.tag_id = tags.tag_id
        where
            contact_tags.tagged_at <= $t
            and (contact_tags.removed_at is null or contact_tags.removed_at > $t)
        group by contact_tags.contact_id

    )

    select
        episodes.contact_id,
        episodes.account_id,
        episodes.staff_id,
        epoch(episodes.started_at)::bigint as createtime,
        episodes.add_way,
        episodes.state,
        episodes.remark,
        episodes.remark_phone,
        wecom_staff.userid,
        wecom_staff.department_id,
        accounts.wecom_external_userid as external_userid,
        accounts.unionid,
        accounts.name,
        accounts.gender,
        coalesce(tagged.tag_ids, []) as tag_ids

    from episodes

    inner join wecom_staff
        on episodes.staff_id = wecom_staff.staff_id

    inner join accounts
        on episodes.account_id = accounts.account_id

    left join tagged
        on episodes.contact_id = tagged.contact_id

    where episodes.ended_at is null or episodes.ended_at > $t or episodes.ended_by = 'customer'

    order by episodes.contact_id;
