"""What a channel hands over for landing: tables in a DuckDB connection, and where they came from.

Here: the two value objects between channels and landing. Not here: how rows are read or landed.
"""

from dataclasses import dataclass

from siyu.resources import Resource


@dataclass(frozen=True, kw_only=True)
class Source:
    """The file (or answer of an API) that rows came from, and the mapping that read it.

    The same bytes under the same name, read by the same mapping, are the same load.
    """

    channel: str  # "files"
    name: str  # path relative to the given folder, or the file name; never absolute
    sha256: str
    bytes: int
    mapping: str
    mapping_sha256: str  # of the mapping, and of the files that it looked values up in


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The rows of one source that belong to one resource, in two tables of the given connection.

    `records` holds the resource's fields with their DuckDB types (identifiers still clear), `_source_row bigint`
    (1-based row of data in the source) and `_exclusion varchar` (reason code; null = the row counts).
    `rejects` holds `_source_row bigint, reason varchar, column_name varchar, row_text varchar` (JSON of the clear
    source row) for rows that could not be understood; `reason` is a code (`a-z0-9_`), never text with a value in it.
    Where the mapping could still read them, `rejects` may also carry `brand_code`, `channel_code` and `key_text` (the
    resource's key as the source has it): a later row with that key then answers the quarantined one. Both tables live
    in memory only.

    rows_read = rows of the source; rows_elsewhere = rows that belong to other resources or to none. So
    rows_read = rows_elsewhere + rows of `records` + rows of `rejects`; landing refuses a batch where it does not hold.
    """

    resource: Resource
    records: str
    rejects: str
    rows_read: int
    rows_elsewhere: int
