"""What connectors share: a connector declares, this package calls, pages, converts, resumes and lands.

    declare.py   what a connector says of its platform: Connector, Api, Stream, Table, column
    units.py     how a value of a reply becomes a value of ours: yuan, fen, epoch seconds, China time
    judging.py   what a refusal of a platform means for us: the reactions, and the errors they end in
    transport.py one request over HTTP: time-outs, limits of size, faults of the network
    calls.py     one call, whatever it takes: token, rate, retries, quota
    pages.py     a reply taken apart into its items, a poisoned one among them
    paging.py    the ways platforms turn pages
    halving.py   spans of time in halves, where a platform lists only so much of one
    rows.py      items as typed rows for landing, and what of them nobody declared
    extract.py   `extract_window`: a window read, landed and resumable
    probe.py     `probe`: one cheap call, to see whether an account works
    logs.py      no secret in a log

Not here: any platform's names (its own module), schedules and connections (orchestration).
"""

from siyu.channels.api.declare import (
    Account,
    Api,
    Connector,
    Reply,
    Request,
    Setting,
    Stream,
    Table,
    Window,
    WindowRule,
    column,
)
from siyu.channels.api.extract import extract_window
from siyu.channels.api.judging import Reaction, Trouble
from siyu.channels.api.probe import probe

__all__ = [
    "Account",
    "Api",
    "Connector",
    "Reaction",
    "Reply",
    "Request",
    "Setting",
    "Stream",
    "Table",
    "Trouble",
    "Window",
    "WindowRule",
    "column",
    "extract_window",
    "probe",
]
