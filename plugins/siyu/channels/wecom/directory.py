"""Departments and staff, as the app's visible range shows them."""

from siyu.channels.api.declare import Request, Stream, Table, column
from siyu.channels.api.paging import PerItem, Reader, Single
from siyu.channels.api.units import ID, INTEGER, TEXT
from siyu.channels.wecom.parts import OPTIONAL, getting, phone, staff
from siyu.resources import Kind, Personal

_DEPARTMENTS = "/cgi-bin/department/list"

DEPARTMENTS = Table(
    name="departments",
    kind=Kind.SNAPSHOT,
    key="department_id",
    within=("account_id",),
    columns=(
        column("department_id", ID, "id", "Node of the address book; 1 is the root.", required=True),
        column("parent_department_id", ID, "parentid", "The node above."),
        column("department_name", TEXT, "name", "Name of the store, region or office."),
        column("position", INTEGER, "order", "Order among its siblings.", presence=OPTIONAL),
    ),
    ignored=("name_en", "department_leader"),
)

STAFF = Table(
    name="staff",
    kind=Kind.SNAPSHOT,
    key="userid",
    within=("account_id",),
    columns=(
        staff("userid", "The employee.", required=True),
        column("main_department_id", ID, "main_department", "Where the employee belongs.", presence=OPTIONAL),
        column("job_title", TEXT, "position", "Title.", presence=OPTIONAL),
        column(
            "staff_status",
            INTEGER,
            "status",
            "1 active, 2 disabled, 4 not activated, 5 left.",
            presence=OPTIONAL,
        ),
        phone("mobile", "The employee's number: it turns up on customers' orders too.", presence=OPTIONAL),
        column("email", TEXT, "email", "E-mail address.", presence=OPTIONAL, personal=Personal.IDENTIFIER),
    ),
    ignored=("name", "gender", "open_userid", "is_leader_in_dept", "direct_leader"),
)

STAFF_DEPARTMENTS = Table(
    name="staff_departments",
    kind=Kind.SNAPSHOT,
    key="userid",
    within=("account_id",),
    rows="department",
    columns=(
        staff("^.userid", "The employee.", required=True),
        column("department_id", ID, "", "A department of the employee.", required=True),
    ),
)


def _departments(reader: Reader) -> list[dict[str, int]]:
    """Department by department: the whole tree in one reply may be too large (45029)."""
    page = reader.ask(Request(method="GET", path=_DEPARTMENTS), "department")
    departments = (item.value for item in page.items if isinstance(item.value, dict))
    return [{"department_id": one["id"]} for one in departments if "id" in one]


STREAMS = (
    Stream(
        name="departments",
        request=getting(_DEPARTMENTS),
        paging=Single(),
        items="department",
        tables=(DEPARTMENTS,),
    ),
    Stream(
        name="staff",
        request=getting("/cgi-bin/user/list", fetch_child=0),
        paging=PerItem(each=_departments),
        items="userlist",
        tables=(STAFF, STAFF_DEPARTMENTS),
    ),
)
