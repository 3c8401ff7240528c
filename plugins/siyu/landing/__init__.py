"""The landing room: from a channel's rows to registered, verified, readable raw files."""

from siyu.landing.batch import Batch, Source
from siyu.landing.erasure import ErasedRows, erase_landed
from siyu.landing.quarantine import QuarantinedRow, dismiss, mask, mask_row, open_quarantine
from siyu.landing.raw_views import RawState, create_raw_views
from siyu.landing.records import (
    Calls,
    Counts,
    Drift,
    Extraction,
    LandedResource,
    LoadRecord,
    live,
    read_records,
)
from siyu.landing.register import land, registered
from siyu.landing.rekeying import check_landed, rekey_landed, rekeyed_columns, rekeyed_name
from siyu.landing.rules import check_rules
from siyu.landing.stage import quarantine_limit
from siyu.landing.supersede import compact, expire_quarantine
from siyu.landing.tombstones import Tombstones, add_tombstones, read_tombstones
from siyu.landing.windows import (
    Chunk,
    are_whole,
    count_distinct,
    know_what_is_registered,
    land_window,
    stage_chunk,
)

__all__ = [
    "Batch",
    "Calls",
    "Chunk",
    "Counts",
    "Drift",
    "ErasedRows",
    "Extraction",
    "LandedResource",
    "LoadRecord",
    "QuarantinedRow",
    "RawState",
    "Source",
    "Tombstones",
    "add_tombstones",
    "are_whole",
    "check_landed",
    "check_rules",
    "compact",
    "count_distinct",
    "create_raw_views",
    "dismiss",
    "erase_landed",
    "expire_quarantine",
    "know_what_is_registered",
    "land",
    "land_window",
    "live",
    "mask",
    "mask_row",
    "open_quarantine",
    "quarantine_limit",
    "read_records",
    "read_tombstones",
    "registered",
    "rekey_landed",
    "rekeyed_columns",
    "rekeyed_name",
    "stage_chunk",
]
