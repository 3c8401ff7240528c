"""Customers handed from one employee to another, and those whom a leaver left behind.

WeCom tells transfers for a pair of employees and lists no pairs: they come from a file of the account.
"""

from collections.abc import Iterable

from siyu.channels.api.declare import Stream, Table, column
from siyu.channels.api.paging import PerItem, Reader
from siyu.channels.api.units import EPOCH, INTEGER
from siyu.channels.wecom.parts import CONTACT, OPTIONAL, cursor, customer, posting, rows_of_file, staff
from siyu.resources import Kind

UNASSIGNED_CONTACTS = Table(
    name="unassigned_contacts",
    kind=Kind.SNAPSHOT,
    key="external_userid",
    within=("account_id", "handover_userid"),
    columns=(
        staff("handover_userid", "Who left.", "handover_userid", required=True),
        customer("external_userid", required=True),
        column("left_at", EPOCH, "dimission_time", "When the employee left."),
    ),
)


def _transfers(name: str) -> Table:
    return Table(
        name=name,
        kind=Kind.VERSIONS,
        key="external_userid",
        within=("account_id", "handover_userid", "takeover_userid"),
        columns=(
            staff("?.handover_userid", "From whom.", "handover_userid", required=True),
            staff("?.takeover_userid", "To whom.", "takeover_userid", required=True),
            customer("external_userid", required=True),
            column(
                "transfer_status",
                INTEGER,
                "status",
                "1 done, 2 waiting, 3 refused, 4 receiver is full, 5 none.",
                required=True,
            ),
            column(
                "taken_over_at",
                EPOCH,
                "takeover_time",
                "When it takes effect; lies ahead while waiting.",
                presence=OPTIONAL,
            ),
        ),
    )


def _each_pair(reader: Reader) -> Iterable[dict[str, str]]:
    return rows_of_file(reader.account, "transfers_file", ("handover_userid", "takeover_userid"))


def _transfers_stream(name: str, path: str) -> Stream:
    return Stream(
        name=name,
        request=posting(f"{CONTACT}/{path}"),
        paging=PerItem(each=_each_pair, inner=cursor(1000)),
        items="customer",
        tables=(_transfers(name),),
    )


STREAMS = (
    Stream(
        name="unassigned_contacts",
        request=posting(f"{CONTACT}/get_unassigned_list"),
        paging=cursor(1000, size="page_size"),
        items="info",
        tables=(UNASSIGNED_CONTACTS,),
    ),
    _transfers_stream("transfers", "transfer_result"),
    _transfers_stream("resigned_transfers", "resigned/transfer_result"),
)
