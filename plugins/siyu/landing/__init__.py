"""The landing room: from a channel's rows to registered, verified, readable raw files."""

from siyu.landing.batch import Batch, Source
from siyu.landing.quarantine import QuarantinedRow, dismiss, mask, mask_row, open_quarantine
from siyu.landing.raw_views import RawState, create_raw_views
from siyu.landing.records import Counts, LandedResource, LoadRecord, live, read_records
from siyu.landing.register import land, registered
from siyu.landing.rules import check_rules
from siyu.landing.supersede import compact, expire_quarantine

__all__ = [
    "Batch",
    "Counts",
    "LandedResource",
    "LoadRecord",
    "QuarantinedRow",
    "RawState",
    "Source",
    "check_rules",
    "compact",
    "create_raw_views",
    "dismiss",
    "expire_quarantine",
    "land",
    "live",
    "mask",
    "mask_row",
    "open_quarantine",
    "read_records",
    "registered",
]
