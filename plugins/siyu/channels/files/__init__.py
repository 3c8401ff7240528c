"""Any file a shop can export, read by a mapping.

mapping.py says what a mapping is, claims.py which files it reads, reading.py and its formats turn a file into text,
casting.py text into values, conditions.py rules into expressions, extract.py all of it into batches; land.py lands what
is new. check.py and drafting/ help a person to write one.
"""

from siyu.channels.files.claims import Claims, SourceFile, claim_files
from siyu.channels.files.extract import extract
from siyu.channels.files.land import land_file
from siyu.channels.files.loading import load_mapping
from siyu.channels.files.mapping import Mapping, SourceMapping

__all__ = [
    "Claims",
    "Mapping",
    "SourceFile",
    "SourceMapping",
    "claim_files",
    "extract",
    "land_file",
    "load_mapping",
]
