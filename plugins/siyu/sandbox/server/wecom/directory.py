"""Staff and departments (wecom_core.md, "Staff and departments")."""

from typing import Any

from siyu.sandbox.server.wecom.asked import Asked
from siyu.sandbox.server.wecom.errors import Refusal
from siyu.sandbox.server.world import Row

SUBTREE = """
    with recursive below as (
        select * from departments where department_id = $top
        union
        select departments.*
        from departments
        inner join below on departments.parent_department_id = below.department_id
    )
    select * from below
    where $range is null or list_contains($range, department_id)
    order by department_id
"""


def list_departments(asked: Asked) -> dict[str, Any]:
    """The tree below `id`, or the whole visible tree (WD-90344)."""
    rows = asked.rows(SUBTREE, top=asked.integer("id", 1))
    if not rows and asked.given.get("id"):
        raise Refusal(60011)
    leaders = _leaders(asked)
    return {
        "department": [
            {
                "id": row["department_id"],
                "name": row["name"],
                "name_en": "",
                "parentid": row["parent_department_id"],
                "order": row["position"],
                "department_leader": leaders.get(row["department_id"], []),
            }
            for row in rows
        ]
    }


def _leaders(asked: Asked) -> dict[int, list[str]]:
    leaders: dict[int, list[str]] = {}
    managers = "select * from wecom_visible_staff($range) where role = 'manager' order by staff_id"
    for row in asked.rows(managers):
        leaders.setdefault(row["department_id"], []).append(asked.ids.userid(row["userid"]))
    return leaders


def _members(asked: Asked) -> list[Row]:
    """Employees of the department that is asked for and, with fetch_child=1, of those below it."""
    top = asked.integer("department_id")
    departments = [row["department_id"] for row in asked.rows(SUBTREE, top=top)]
    if top not in departments:
        raise Refusal(60011)
    return asked.rows(
        """
        select * from wecom_visible_staff($range)
        where list_contains($departments::bigint[], department_id)
        order by staff_id
        """,
        departments=departments if asked.integer("fetch_child", 0, high=1) else [top],
    )


def simple_list(asked: Asked) -> dict[str, Any]:
    """Names (WD-90336); open_userid for third parties alone."""
    return {"userlist": [_simple(asked, row) for row in _members(asked)]}


def _simple(asked: Asked, row: Row) -> dict[str, Any]:
    shown = asked.ids.userid(row["userid"])
    simple = {"userid": shown, "name": row["name"], "department": [row["department_id"]]}
    return {**simple, "open_userid": shown} if asked.ids.is_provider else simple


def full_list(asked: Asked) -> dict[str, Any]:
    """Details (WD-90337); sensitive fields are missing for the newer app, which is the third party's here."""
    rows = _members(asked)
    if len(rows) > 10_000:
        raise Refusal(45029)
    return {"userlist": [_full(asked, row) for row in rows]}


def _full(asked: Asked, row: Row) -> dict[str, Any]:
    sensitive = (
        {} if asked.ids.is_provider else {"mobile": row["mobile"], "email": "", "gender": str(row["gender"])}
    )
    return {
        **_simple(asked, row),
        **sensitive,
        "position": row["role"],
        "main_department": row["department_id"],
        "is_leader_in_dept": [int(row["role"] == "manager")],
        "direct_leader": [],
        "status": 1,  # who has left is no longer listed
    }


def list_ids(asked: Asked) -> dict[str, Any]:
    """Userids with their department (WD-96021)."""
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            "select * from wecom_visible_staff($range) where staff_id > $after order by staff_id limit $count",
            after=after,
            count=count,
        ),
        key="staff_id",
        limit=asked.integer("limit", 10_000, low=1, high=10_000),
        show=lambda rows: [
            {"userid": asked.ids.userid(row["userid"]), "department": row["department_id"]} for row in rows
        ],
    )
    return {"dept_user": rows, "next_cursor": next_cursor}


ENDPOINTS = {
    "GET /cgi-bin/department/list": list_departments,
    "GET /cgi-bin/user/simplelist": simple_list,
    "GET /cgi-bin/user/list": full_list,
    "POST /cgi-bin/user/list_id": list_ids,
}
