"""Bytes to lines of text: gzip, encodings, line numbers.

A byte that does not fit the encoding becomes a lone surrogate, so that only its record is refused later.
"""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from siyu.errors import SourceError

_CHUNK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHINESE = ("gbk", "gb2312", "cp936", "hz")


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unzipped when it is gzip, whatever its name.

    Raises:
        SourceError: It is empty, or its gzip stream is cut or damaged (while reading).
    """
    with path.open("rb") as file:
        magic = file.read(2)
        file.seek(0)
        if not magic:
            raise SourceError(f"{path.name} is empty", expected="data", do="export it again")
        try:
            if magic == _GZIP_MAGIC:
                with gzip.open(file, "rb") as unzipped:
                    yield cast("IO[bytes]", unzipped)
            else:
                yield file
        except EOFError as error:
            raise SourceError(
                f"{path.name} is a gzip file that ends too early",
                expected="the whole file",
                do="copy or export it again",
            ) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise SourceError(
                f"{path.name} is a damaged gzip file: {error}", do="copy or export it again"
            ) from error


def find_encoding(path: Path) -> str:
    """UTF-8 (with or without its mark), UTF-16 with its mark, or GB18030 where that is what fits the file.

    GB18030 is taken only when every line decodes as such while most of the non-ASCII lines are not UTF-8: a UTF-8
    file with some bad bytes stays UTF-8, and only the records with those bytes are refused.
    """
    with open_bytes(path) as stream:
        head = stream.read(_CHUNK)
        if not head:
            raise SourceError(f"{path.name} is empty", expected="data", do="export it again")
        if head.startswith(_UTF16_MARKS):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while head:
                decoder.decode(head)
                head = stream.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return "utf-8-sig"
    with open_bytes(path) as stream:
        chinese = utf8 = 0
        for line in stream:
            if line.isascii():
                continue
            if not _decodes(line, "gb18030"):
                return "utf-8-sig"
            chinese += 1
            utf8 += _decodes(line, "utf-8")
    return "gb18030" if utf8 * 2 < chinese else "utf-8-sig"


def find_western_encoding(path: Path) -> str | None:
    """cp1252, or latin-1 where that leaves bytes open, where most of the non-ASCII lines are not UTF-8; else None.

    For files that are not GB18030 either. Any bytes are latin-1, so nothing lands as that on a mere guess: a draft
    proposes the encoding, and a mapping has to name it.
    """
    bad = good = 0
    is_cp1252 = True
    with open_bytes(path) as stream:
        for line in stream:
            if line.isascii():
                continue
            if _decodes(line, "utf-8"):
                good += 1
            else:
                bad += 1
                is_cp1252 = is_cp1252 and _decodes(line, "cp1252")
    return None if bad <= good else "cp1252" if is_cp1252 else "latin-1"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def open_text(path: Path, encoding: str, *, newline: str = "") -> Iterator[IO[str]]:
    """A file as text. `encoding` is a Python name; the GB family is read as GB18030, which contains it."""
    name = codecs.lookup(encoding).name
    if name in _CHINESE:
        name = "gb18030"
    if name == "utf-8":
        name = "utf-8-sig"
    errors = "strict" if name.startswith("utf-16") else "surrogateescape"
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding=name, errors=errors, newline=newline)
        try:
            yield text
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{path.name} is not {encoding} at byte {error.start}", do="name its encoding in the mapping"
            ) from error
        finally:
            text.detach()


class Lines:
    """Lines of a text that remembers those of the current block, so that a bad record can be left and re-read after."""

    def __init__(self, stream: IO[str]) -> None:
        self._pushed: list[str] = []  # last one first
        self._source = iter(stream)
        self.taken: list[str] = []
        self.first = 1  # line number of taken[0]

    def __iter__(self) -> Iterator[str]:
        while True:
            if self._pushed:
                line = self._pushed.pop()
            else:
                try:
                    line = next(self._source)
                except StopIteration:
                    return
            self.taken.append(line)
            yield line

    def forget(self) -> None:
        """Begin a new block: what was taken is done with."""
        self.first += len(self.taken)
        self.taken = []

    def rewind(self, count: int) -> None:
        """Give back all taken lines but the first `count`."""
        self._pushed.extend(reversed(self.taken[count:]))
        del self.taken[count:]
