"""What a person may ask of the brand: to be forgotten, and to be given their data.

Here: whom a request is about, and the order of what is done. Not here: how each place forgets (landing, publication).
"""

from siyu.privacy.erase import Erasure, erase, is_unfinished
from siyu.privacy.export import Exported, export_member
from siyu.privacy.persons import KINDS, Request, read_requests
from siyu.privacy.rekey import Rekeyed, rekey

__all__ = [
    "KINDS",
    "Erasure",
    "Exported",
    "Rekeyed",
    "Request",
    "erase",
    "export_member",
    "is_unfinished",
    "read_requests",
    "rekey",
]
