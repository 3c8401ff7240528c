"""Windows of channels that are read halfway: what has come of them holds persons, and has not landed yet.

Here: holding the readers off, and removing what they have. Not here: reading (channels).
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from siyu.settings import Home, Settings
from siyu.state.checkpoints import forget_all_checkpoints
from siyu.state.locks import hold


@contextmanager
def extractions_held(home: Home, settings: Settings, *, run_id: str) -> Iterator[None]:
    """Wait until no window is being read, and let none be.

    Raises:
        LockedError: One is read for longer than `lock_wait_seconds`.
    """
    with ExitStack() as stack:
        for lock in sorted(home.state.glob("extract-*.lock")):
            stack.enter_context(hold(lock, run_id=run_id, wait_seconds=settings.lock_wait_seconds))
        yield


def drop_half_read_windows(home: Home) -> int:
    """Remove what is half read of any window, which is read anew; how many there were."""
    if not home.pending.is_dir():
        return 0
    forget_all_checkpoints(home)
    folders = list(home.pending.iterdir())
    for folder in folders:
        shutil.rmtree(folder)
    return len(folders)
