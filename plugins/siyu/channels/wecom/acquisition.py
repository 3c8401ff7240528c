"""Acquisition links 获客助手: the links, who receives their customers, who came.

How many opened a link is told to the component of a provider alone, so it is not read.
"""

from collections.abc import Iterator

from siyu.channels.api.declare import Request, Stream, Table, column
from siyu.channels.api.paging import PerItem, Reader
from siyu.channels.api.units import EPOCH, FLAG, ID, INTEGER, TEXT
from siyu.channels.wecom.parts import (
    CONTACT,
    OPTIONAL,
    cursor,
    customer,
    every,
    posting,
    staff,
)
from siyu.resources import Kind

_PATH = f"{CONTACT}/customer_acquisition"

ACQUISITION_LINKS = Table(
    name="acquisition_links",
    kind=Kind.SNAPSHOT,
    key="link_id",
    within=("account_id",),
    columns=(
        column("link_id", ID, "link.link_id", "Link.", required=True),
        column("link_name", TEXT, "link.link_name", "Its name."),
        column("link_url", TEXT, "link.url", "Where it leads.", presence=OPTIONAL),
        column("created_at", EPOCH, "link.create_time", "When it was made.", required=True),
        column(
            "is_verification_skipped",
            FLAG,
            "skip_verify",
            "Whether customers become friends unasked.",
            presence=OPTIONAL,
        ),
    ),
    ignored=("errcode", "errmsg", "range.department_list"),
)

ACQUISITION_LINK_STAFF = Table(
    name="acquisition_link_staff",
    kind=Kind.SNAPSHOT,
    key="link_id",
    within=("account_id",),
    rows="range.user_list",
    columns=(
        column("link_id", ID, "^.link.link_id", "Link.", required=True),
        staff("", "Who receives its customers.", required=True),
    ),
)

ACQUISITION_CUSTOMERS = Table(
    name="acquisition_customers",
    kind=Kind.VERSIONS,
    key="external_userid",
    within=("account_id", "link_id", "userid"),
    columns=(
        column("link_id", ID, "?.link_id", "Link.", required=True),
        staff("userid", "Whose friend the customer became.", required=True),
        customer("external_userid", required=True),
        column("chat_status", INTEGER, "chat_status", "0 silent so far, 1 has spoken."),
        column("state", TEXT, "state", "Value of customer_channel on the link.", presence=OPTIONAL),
    ),
)


def _each_link(reader: Reader) -> Iterator[dict[str, str]]:
    request = Request(method="POST", path=f"{_PATH}/list_link", send="json")
    for link in every(reader, request, "link_id_list", per_page=100):
        yield {"link_id": link}


STREAMS = (
    Stream(
        name="acquisition_links",
        request=posting(f"{_PATH}/get"),
        paging=PerItem(each=_each_link),
        items="",
        tables=(ACQUISITION_LINKS, ACQUISITION_LINK_STAFF),
    ),
    Stream(
        name="acquisition_customers",
        request=posting(f"{_PATH}/customer"),
        paging=PerItem(each=_each_link, inner=cursor(1000)),
        items="customer_list",
        tables=(ACQUISITION_CUSTOMERS,),
    ),
)
