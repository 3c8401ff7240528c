"""Customer Moments 朋友圈 (wecom_marketing.md, "Customer moments"; WD-96352, ZW WD-93333, WxJ)."""

from typing import Any

from siyu.sandbox.server.wecom.asked import Asked
from siyu.sandbox.server.wecom.errors import bad_parameter
from siyu.sandbox.server.world import Row


def list_moments(asked: Asked) -> dict[str, Any]:
    """Posts made in a window of at most 30 days."""
    begins, ends = asked.window("start_time", "end_time", most_days=30)
    kind = asked.integer("filter_type", 2, high=2)
    creator = asked.ids.own_userid(asked.text("creator", ""))
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            """
            select * from wecom_moments($t, $day, $range)
            where
                moment_id > $after
                and created_at between $begins and $ends
                and ($kind = 2 or is_corporate = ($kind = 0))
                and ($creator = '' or creator = $creator)
            order by moment_id
            limit $count
            """,
            after=after,
            count=count,
            begins=begins,
            ends=ends,
            kind=kind,
            creator=creator,
        ),
        key="moment_id",
        limit=asked.integer("limit", 20, low=1, high=20),
        show=lambda rows: [_moment(asked, row) for row in rows],
    )
    return {"next_cursor": next_cursor, "moment_list": rows}


def _moment(asked: Asked, row: Row) -> dict[str, Any]:
    moment: dict[str, Any] = {
        "moment_id": row["wecom_moment_id"],
        # whole numbers and texts have both been seen: a post of the corp shows the text
        "create_time": str(row["create_time"]) if row["is_corporate"] else row["create_time"],
        "create_type": 0 if row["is_corporate"] else 1,
        "visible_type": 1 if row["is_public"] else 0,
        "text": {"content": row["content"]},
    }
    return {**moment, "creator": asked.ids.userid(row["creator"])} if row["creator"] else moment


def _named(asked: Asked) -> Row:
    found = asked.rows(
        "select * from wecom_moments($t, $day, $range) where wecom_moment_id = $moment_id",
        moment_id=asked.text("moment_id"),
    )
    if not found:
        raise bad_parameter("moment_id is not known")
    return found[0]


def list_tasks(asked: Asked) -> dict[str, Any]:
    """Who is to publish a post of the corp, and who has."""
    moment = _named(asked)
    if not moment["is_corporate"]:
        raise bad_parameter("moment_id is not of the corp")
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            """
            select
                moment_tasks.staff_id,
                staff.wecom_userid as userid,
                coalesce(moment_tasks.published_at <= $t, false) as is_published
            from moment_tasks
            inner join staff on moment_tasks.staff_id = staff.staff_id
            where moment_tasks.moment_id = $moment_id and moment_tasks.staff_id > $after
            order by moment_tasks.staff_id
            limit $count
            """,
            moment_id=moment["moment_id"],
            after=after,
            count=count,
        ),
        key="staff_id",
        limit=asked.integer("limit", 500, low=1, high=1000),
        show=lambda rows: [
            {"userid": asked.ids.userid(row["userid"]), "publish_status": int(row["is_published"])}
            for row in rows
        ],
    )
    return {"next_cursor": next_cursor, "task_list": rows}


def list_chosen_customers(asked: Asked) -> dict[str, Any]:
    """The range that was chosen to see it."""
    moment, staff = _named(asked), asked.staff("userid")
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            """
            select * from wecom_reach($moment_id, $staff_id)
            where account_id > $after
            order by account_id
            limit $count
            """,
            moment_id=moment["moment_id"],
            staff_id=staff["staff_id"],
            after=after,
            count=count,
        ),
        key="account_id",
        limit=asked.integer("limit", 500, low=1, high=1000),
        show=lambda rows: [
            {
                "userid": asked.ids.userid(staff["userid"]),
                "external_userid": asked.ids.external(row["external_userid"]),
            }
            for row in rows
        ],
    )
    return {"next_cursor": next_cursor, "customer_list": rows}


def list_reached_customers(asked: Asked) -> dict[str, Any]:
    """Who could see it once it was published."""
    moment, staff = _named(asked), asked.staff("userid")
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            """
            select * from wecom_reach($moment_id, $staff_id)
            where visible_at <= $t and account_id > $after
            order by account_id
            limit $count
            """,
            moment_id=moment["moment_id"],
            staff_id=staff["staff_id"],
            after=after,
            count=count,
        ),
        key="account_id",
        limit=asked.integer("limit", 3000, low=1, high=5000),
        show=lambda rows: [{"external_userid": asked.ids.external(row["external_userid"])} for row in rows],
    )
    return {"next_cursor": next_cursor, "customer_list": rows}


def list_comments(asked: Asked) -> dict[str, Any]:
    """Comments and likes; each by a customer or by an employee, in this world by customers."""
    moment, staff = _named(asked), asked.staff("userid")
    rows = asked.rows(
        """
        select
            external_userid,
            case when commented_at <= $t then epoch(commented_at)::bigint end as commented,
            case when liked_at <= $t then epoch(liked_at)::bigint end as liked
        from wecom_reach($moment_id, $staff_id)
        where commented_at <= $t or liked_at <= $t
        order by account_id
        """,
        moment_id=moment["moment_id"],
        staff_id=staff["staff_id"],
    )

    def reactions(what: str) -> list[dict[str, Any]]:
        return [
            {"external_userid": asked.ids.external(row["external_userid"]), "create_time": row[what]}
            for row in rows
            if row[what] is not None
        ]

    return {"comment_list": reactions("commented"), "like_list": reactions("liked")}


ENDPOINTS = {
    "POST /cgi-bin/externalcontact/get_moment_list": list_moments,
    "POST /cgi-bin/externalcontact/get_moment_task": list_tasks,
    "POST /cgi-bin/externalcontact/get_moment_customer_list": list_chosen_customers,
    "POST /cgi-bin/externalcontact/get_moment_send_result": list_reached_customers,
    "POST /cgi-bin/externalcontact/get_moment_comments": list_comments,
}
