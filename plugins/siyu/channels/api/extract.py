"""A window of a stream, read and landed; killed anywhere, the next run goes on from the last checkpoint.

Here: the order of things: pages → chunk on disk → checkpoint → … → one load record. Not here: how any of them is done.

A checkpoint names the chunks that are on disk and the position after them, and is written when they are whole. So a
kill costs at most the pages of one chunk and those read ahead, which are read again. The load record comes last; until
it is there, nobody sees anything. Two runs of one stream of an account take turns.
"""

import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection
from pydantic import TypeAdapter

from siyu.channels.api.calls import Caller, Patience
from siyu.channels.api.declare import Account, Connector, Request, Stream, Window
from siyu.channels.api.judging import ItemRefusedError, RestartError, StreamStoppedError
from siyu.channels.api.pages import Page
from siyu.channels.api.paging import CUT_SHORT, Reader, read_on
from siyu.channels.api.rows import Gathering
from siyu.channels.api.transport import Limits
from siyu.clock import utc_now
from siyu.engine import connect
from siyu.errors import RefusedError, SiyuError
from siyu.landing import (
    Calls,
    Chunk,
    Drift,
    Extraction,
    LoadRecord,
    are_whole,
    count_distinct,
    know_what_is_registered,
    land_window,
    stage_chunk,
)
from siyu.landing.personal import Keys, open_keys, open_state_key
from siyu.landing.rules import SEEDS
from siyu.resources import Resource
from siyu.settings import Home, Settings
from siyu.state.checkpoints import Checkpoints
from siyu.state.locks import hold
from siyu.state.sealing import Box
from siyu.state.staging import staging_folder, sweep_staging
from siyu.storage import make_folder

_CHUNK_BYTES = 16 << 20  # of replies; as rows they take several times that
_PATIENCE, _LIMITS = Patience(), Limits()
_READINGS = 3  # of a window whose count is short: rows move while pages are turned


@dataclass(kw_only=True)
class _Progress:
    """How far a window has been read: what a checkpoint holds."""

    observed_at: datetime
    piece: int = 0  # of the window, 0-based
    position: Any = None  # in the piece; None: its beginning
    reading: int = 1
    restarts: int = 0
    announced: dict[int, int] = field(default_factory=dict)  # by piece, as last said
    items: int = 0
    pages: int = 0
    skipped: int = 0
    rows_read: dict[str, int] = field(default_factory=dict)
    rejected: list[str] = field(default_factory=list)  # digests of items and rows that were
    notes: list[str] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    calls: Calls = field(default_factory=Calls)
    chunks: list[Chunk] = field(default_factory=list)


_PROGRESS = TypeAdapter(_Progress)


def extract_window(  # noqa: PLR0917 - called with plain words, in the order they are said
    home: Home,
    settings: Settings,
    connector: Connector,
    account: Account,
    stream: str,
    window: Window,
    *,
    clock: Callable[[], datetime] = utc_now,
    patience: Patience = _PATIENCE,
    limits: Limits = _LIMITS,
    chunk_rows: int = 5_000,
    seeds: Path = SEEDS,
) -> LoadRecord:
    """Read one window of one stream and land it; go on where an earlier run was interrupted.

    Args:
        home: Where to land; its keys are made on first use.
        settings: Limits, business time zone, how long to wait for locks.
        connector: The platform.
        account: Of the platform.
        stream: Name of the stream.
        window: What to read, usually `stream.window.of_day(business_date, …)`; for a snapshot the day it counts for.
        clock: The moment, aware, as the platform has it: for tokens, signatures and observations.
        patience: How long to try.
        limits: Bounds of one request.
        chunk_rows: Rows between two checkpoints: they are in memory at once, and a kill loses at most so many.
        seeds: Folder of the seeds that know brands, channels and exchange rates.

    Returns:
        The load record; its `extraction` says whether the window is complete, what was odd, and what it took. A window
        that holds what it held before is a load of no rows.

    Raises:
        UsageError: A setting is missing, or the account's settings are wrong (AccountFailedError).
        ConsentNeededError: A person must let us in again.
        StreamStoppedError: This stream cannot be read; others can.
        QuotaGoneError, UnavailableError: Later. What was read is kept, and the next call goes on there.
        RefusedError: More bad rows than the limit, or an unknown brand or channel: nothing is kept.
        LockedError: Another run read this stream for longer than `lock_wait_seconds`.
    """
    connector.check(account)
    run = _Run(
        home=home,
        settings=settings,
        connector=connector,
        account=account,
        stream=connector.stream(stream),
        window=window,
        clock=clock,
        chunk_rows=chunk_rows,
        seeds=seeds,
    )
    # of the stream, not of the window: what is observed later is registered later
    digest = sha256(f"{connector.channel}/{account.name}/{stream}".encode()).hexdigest()[:16]
    with hold(
        home.state / f"extract-{digest}.lock", run_id=run.name, wait_seconds=settings.lock_wait_seconds
    ):
        sweep_staging(home, settings)
        with (
            staging_folder(home, settings, "api") as spill,
            connect(settings=settings, spill=spill) as connection,
            closing(
                Caller(
                    home,
                    settings,
                    connector,
                    account,
                    box=run.box,
                    clock=clock,
                    patience=patience,
                    limits=limits,
                    in_flight=run.stream.in_flight,
                )
            ) as caller,
        ):
            return run.extract(connection, caller)


@dataclass(frozen=True, kw_only=True)
class _Run:
    home: Home
    settings: Settings
    connector: Connector
    account: Account
    stream: Stream
    window: Window
    clock: Callable[[], datetime]
    chunk_rows: int
    seeds: Path

    @property
    def name(self) -> str:
        return f"{self.account.name}/{self.stream.name}/{self.window}"

    @property
    def folder(self) -> Path:
        digest = sha256(f"{self.connector.channel}/{self.name}".encode()).hexdigest()[:16]
        return self.home.pending / f"{self.connector.channel}-{self.stream.name}-{digest}"

    @property
    def box(self) -> Box:
        return Box(open_state_key(self.home))

    @property
    def resources(self) -> list[Resource]:
        return [table.resource for table in self.stream.tables]

    def extract(self, connection: DuckDBPyConnection, caller: Caller) -> LoadRecord:
        checkpoints = Checkpoints(self.home, self.box)
        keys = open_keys(self.home)
        make_folder(self.folder)
        progress = self._resumed(checkpoints)
        know_what_is_registered(connection, self.home, self.connector.channel, self.resources)
        reading = _Reading(
            run=self,
            connection=connection,
            caller=caller,
            checkpoints=checkpoints,
            keys=keys,
            progress=progress,
            before=progress.calls,
        )
        try:
            distinct = reading.read()
            record = land_window(
                connection,
                self.home,
                self.settings,
                keys=keys,
                channel=self.connector.channel,
                name=self.name,
                mapping=f"{self.connector.channel}/{self.stream.name}",
                revision=self.stream.revision,
                resources=self.resources,
                chunks=progress.chunks,
                folder=self.folder,
                extraction=self._extraction(progress, distinct),
                landed_at=self.clock(),
            )
        except RefusedError as error:
            if not isinstance(error, StreamStoppedError):
                self._forget(checkpoints)  # reading on would only be refused again
            raise
        self._forget(checkpoints)
        return record

    def keep(self, checkpoints: Checkpoints, progress: _Progress) -> None:
        checkpoints.put(self._checkpoint, self.stream.revision, _PROGRESS.dump_python(progress, mode="json"))

    @property
    def _checkpoint(self) -> str:
        return f"{self.connector.channel}/{self.name}"

    def _resumed(self, checkpoints: Checkpoints) -> _Progress:
        kept = checkpoints.get(self._checkpoint, self.stream.revision)
        if kept is not None:
            progress = _PROGRESS.validate_python(kept)
            if are_whole(progress.chunks, self.folder):
                return progress
        return _Progress(observed_at=self.clock())

    def _forget(self, checkpoints: Checkpoints) -> None:
        checkpoints.forget(self._checkpoint)  # first: chunks without a checkpoint are nothing
        shutil.rmtree(self.folder, ignore_errors=True)

    def _extraction(self, progress: _Progress, distinct: int) -> Extraction:
        announced = sum(progress.announced.values()) if progress.announced else None
        is_cut = any(note.startswith(CUT_SHORT) for note in progress.notes)
        again = [f"read {progress.reading} times, for fewer items came than were announced"]
        return Extraction(
            account=self.account.name,
            stream=self.stream.name,
            window_start=self.window.start,
            window_end=self.window.end,
            observed_at=progress.observed_at,
            is_complete=not is_cut and (announced is None or distinct >= announced),
            announced=announced,
            items=distinct,
            pages=progress.pages,
            skipped=progress.skipped,
            notes=tuple(progress.notes + (again if progress.reading > 1 else [])),
            drift=tuple(progress.drift),
            calls=progress.calls,
        )


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """The pages of a window on their way to disk."""

    run: _Run
    connection: DuckDBPyConnection
    caller: Caller
    checkpoints: Checkpoints
    keys: Keys
    progress: _Progress
    before: Calls  # of the runs that were interrupted

    def read(self) -> int:
        """Read what is left of the window; how many distinct items it has.

        Whatever ends it, what was read until then is on disk and in the checkpoint.
        """
        gathering = self._gathering()
        main = self.run.stream.tables[0].resource
        try:
            while True:
                self._read_pieces(gathering)
                self._flush(gathering)
                distinct = count_distinct(self.connection, self.progress.chunks, main, self.run.folder)
                short = sum(self.progress.announced.values()) - distinct
                if short <= 0 or self.progress.reading == _READINGS:
                    return distinct
                self.progress.reading += 1
                self.progress.piece, self.progress.position = 0, None
                self.progress.notes, self.progress.skipped = [], 0
        except SiyuError:
            self._flush(gathering)
            raise

    def _read_pieces(self, gathering: Gathering) -> None:
        pieces = self.run.stream.window.pieces(self.run.window)
        while self.progress.piece < len(pieces):
            try:
                self._read_piece(gathering, pieces[self.progress.piece])
            except RestartError as error:
                if self.progress.restarts:
                    raise StreamStoppedError(
                        f"{self.run.name}: {error}, again", do="run it again later"
                    ) from None
                self.progress.restarts += 1
                self.progress.position = None
                continue
            except ItemRefusedError as error:
                raise StreamStoppedError(f"{self.run.name}: {error}, for the stream as a whole") from None
            self.progress.piece += 1
            self.progress.position = None

    def _read_piece(self, gathering: Gathering, piece: Window) -> None:
        progress, stream = self.progress, self.run.stream
        request = stream.request(self.run.account, piece)

        def page_of(asked: Mapping[str, Any]) -> Page:
            full = replace(request, params={**request.params, **asked})
            return self.caller.page(full, items=stream.items, per_second=stream.per_second)

        def ask(other: Request, items: str) -> Page:
            return self.caller.page(other, items=items, per_second=None)

        reader = Reader(
            read=page_of, ask=ask, account=self.run.account, window=piece, in_flight=stream.in_flight
        )
        before = progress.skipped
        steps = stream.paging.pages(reader, progress.position)
        # what was odd up to a step: the reader is further by then
        for step, skipped, notes in read_on((step, reader.skipped, tuple(reader.notes)) for step in steps):
            gathering.add(step.page)
            progress.position = step.after
            progress.pages += 1
            progress.skipped = before + skipped
            progress.notes += [note for note in notes if note not in progress.notes]
            if (announced := stream.paging.announced(step.page)) is not None:
                progress.announced[progress.piece] = announced
            if gathering.rows >= self.run.chunk_rows or gathering.bytes >= _CHUNK_BYTES:
                self._flush(gathering)
        progress.skipped = before + reader.skipped
        progress.notes += [note for note in reader.notes if note not in progress.notes]

    def _gathering(self) -> Gathering:
        progress = self.progress
        return Gathering(
            self.run.stream.tables,
            self.run.account,
            observed_at=progress.observed_at,
            text_limit=self.run.settings.cell_limit_bytes,
            rows_read=progress.rows_read,
            items=progress.items,
            rejected=progress.rejected,
            drift={(one.resource, one.field, one.what): one.rows for one in progress.drift},
        )

    def _flush(self, gathering: Gathering) -> None:
        """Put what was gathered on disk, then say so in the checkpoint."""
        progress, run = self.progress, self.run
        if gathering.rows:
            progress.chunks.append(
                stage_chunk(
                    self.connection,
                    run.home,
                    run.settings,
                    self.keys,
                    gathering.batches(self.connection),
                    folder=run.folder,
                    number=len(progress.chunks) + 1,
                    source_name=run.name,
                    landed_at=run.clock(),
                    seeds=run.seeds,
                )
            )
        progress.items, progress.rows_read = gathering.items, gathering.rows_read
        progress.rejected = sorted(gathering.rejected)
        progress.drift = [
            Drift(resource=resource, field=path, what=what, rows=rows)
            for (resource, path, what), rows in sorted(gathering.drift.items())
        ]
        progress.calls = _sum(self.before, self.caller.counted, rows=sum(gathering.rows_read.values()))
        run.keep(self.checkpoints, progress)


def _sum(one: Calls, other: Calls, *, rows: int) -> Calls:
    both = {name: value + getattr(other, name) for name, value in asdict(one).items()}
    return Calls(**(both | {"rows": rows}))
