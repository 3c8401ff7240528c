"""Acquisition links 获客助手 (wecom_marketing.md, "Customer acquisition"; ZW WD-97298, WxJ)."""

from typing import Any

from siyu.sandbox.server.wecom.asked import Asked, seconds_of
from siyu.sandbox.server.wecom.errors import Refusal, bad_parameter
from siyu.sandbox.server.world import Row

QUOTA = 100_000  # additions that the made-up corp has bought


def list_links(asked: Asked) -> dict[str, Any]:
    """Ids of all links."""
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            "select * from acquisition_links where created_at <= $t and link_id > $after order by link_id limit $count",
            after=after,
            count=count,
        ),
        key="link_id",
        limit=asked.integer("limit", 100, low=1, high=100),
        show=lambda rows: [row["wecom_link_id"] for row in rows],
    )
    return {"link_id_list": rows, "next_cursor": next_cursor}


def _named(asked: Asked) -> Row:
    found = asked.rows(
        "select * from acquisition_links where created_at <= $t and wecom_link_id = $link_id",
        link_id=asked.text("link_id"),
    )
    if not found:
        raise bad_parameter("link_id is not known")
    return found[0]


def get_link(asked: Asked) -> dict[str, Any]:
    """One link and who receives its customers."""
    link = _named(asked)
    staff = asked.rows(
        """
        select visible.userid
        from acquisition_link_staff
        inner join wecom_visible_staff($range) as visible on acquisition_link_staff.staff_id = visible.staff_id
        where acquisition_link_staff.link_id = $link_id
        order by visible.staff_id
        limit 100
        """,
        link_id=link["link_id"],
    )
    return {
        "link": {
            "link_id": link["wecom_link_id"],
            "link_name": link["name"],
            "url": link["url"],
            "create_time": seconds_of(link["created_at"]),
        },
        "range": {"user_list": [asked.ids.userid(row["userid"]) for row in staff], "department_list": []},
        "skip_verify": True,
    }


def list_customers(asked: Asked) -> dict[str, Any]:
    """Customers who came through a link."""
    link = _named(asked)
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            """
            select * from wecom_link_customers($t)
            where link_id = $link_id and contact_id > $after
            order by contact_id
            limit $count
            """,
            link_id=link["link_id"],
            after=after,
            count=count,
        ),
        key="contact_id",
        limit=asked.integer("limit", 1000, low=1, high=1000),
        show=lambda rows: [
            {
                "external_userid": asked.ids.external(row["external_userid"]),
                "userid": asked.ids.userid(row["userid"]),
                "chat_status": int(row["has_spoken"]),
                "state": (row["state"] or "")
                .encode()[:64]
                .decode(errors="ignore"),  # truncated beyond 64 bytes
            }
            for row in rows
        ],
    )
    return {"customer_list": rows, "next_cursor": next_cursor}


def link_statistic(asked: Asked) -> dict[str, Any]:
    """Clicks and new customers of a link; for provider components alone (javadoc)."""
    if not asked.ids.is_provider:
        raise Refusal(48002)
    link = _named(asked)
    days = asked.days("start_time", "end_time", most_days=30, end_required=True)
    [row] = asked.rows(
        """
        select coalesce(sum(clicks), 0)::bigint as clicks, coalesce(sum(new_customers), 0)::bigint as customers
        from acquisition_link_days
        where link_id = $link_id and stat_on between $first and $last and stat_on <= $day
        """,
        link_id=link["link_id"],
        first=days[0],
        last=days[-1],
    )
    return {"click_link_customer_cnt": row["clicks"], "new_customer_cnt": row["customers"]}


def quota(asked: Asked) -> dict[str, Any]:
    """Additions used so far and those left."""
    [row] = asked.rows("select count(*) as used from wecom_link_customers($t)")
    return {"total": row["used"], "balance": max(QUOTA - row["used"], 0)}


ENDPOINTS = {
    "POST /cgi-bin/externalcontact/customer_acquisition/list_link": list_links,
    "POST /cgi-bin/externalcontact/customer_acquisition/get": get_link,
    "POST /cgi-bin/externalcontact/customer_acquisition/customer": list_customers,
    "POST /cgi-bin/externalcontact/customer_acquisition/statistic": link_statistic,
    "GET /cgi-bin/externalcontact/customer_acquisition_quota": quota,
}
