"""A process that does what a night does, and fails in many ways, with every logger at debug: `… HOME SOURCES`.

It prints how each attempt ended, as JSON: null, or the kind of its error.
"""

import json
import logging
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from siyu.channels.api.calls import Patience
from siyu.channels.files import claim_files, land_file, load_mapping
from siyu.clock import utc_now
from siyu.orchestration.alerts import send_test, tell_lost_night
from siyu.orchestration.ingest import extract_channel
from siyu.orchestration.journal import Step, recorded
from siyu.orchestration.runs import Run
from siyu.publication import publish_candidate, rollback, status, status_text
from siyu.publication.postgres.connection import connect_serving, serving_uri
from siyu.publication.publish import Publisher, finish_interrupted
from siyu.publication.records import publish_lock
from siyu.settings import Home, load_settings

CHANNELS = ("wecom", "youzan", "taobao", "ocean_engine")
_QUICK = Patience(first_seconds=0.001, longest_seconds=0.01, tries=2, whole_seconds=5)


def main(home: Home, sources: Path) -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.setLevel(logging.NOTSET)  # Airflow has made httpx quiet, which a scheduler need not be
    logging.captureWarnings(capture=True)
    settings = load_settings(home)
    mapping = load_mapping(sources / "mapping.yml")

    def land_all() -> None:
        for source, file in claim_files(mapping, sources / "exports").claimed:
            land_file(mapping, source, file, settings, home)

    def reach_postgres() -> None:
        with connect_serving(str(serving_uri(home)), application_name="test"):
            pass

    def finish() -> None:
        with publish_lock(home, settings, run_id="run") as holder:
            finish_interrupted(Publisher(home=home, settings=settings, holder=holder, postgres=None))

    def ingest(channel: str) -> None:
        run = Run(home=home, settings=settings, run_id="run", run_after=utc_now(), params={})
        extract_channel(run, channel, Step(name="extract"), patience=_QUICK)

    def crash() -> None:
        uri = serving_uri(home)
        assert not uri  # an unexpected error in a frame that holds the URI

    attempts: dict[str, Callable[[], object]] = {
        "land": land_all,
        "reach_postgres": reach_postgres,
        "publish": lambda: publish_candidate(home, settings, "run"),
        "publish_refused": lambda: publish_candidate(home, settings, "refused"),
        "finish": finish,
        "rollback": lambda: rollback(home, settings, 1, by="x", reason="x"),
        "status": lambda: print(status_text(status(home))),
        "notify": lambda: send_test(home),
        "lost_night": lambda: tell_lost_night(home, "run", "the process ended"),
        "crash": crash,
    } | {f"ingest_{channel}": partial(ingest, channel) for channel in CHANNELS}
    ended: dict[str, str | None] = {}
    for name, attempt in attempts.items():
        try:
            with recorded(home, "run", name):
                attempt()
        except Exception as error:  # noqa: BLE001 - what an operator would see of it, whatever it is
            traceback.print_exc()
            ended[name] = type(error).__name__
        else:
            ended[name] = None
    print(json.dumps(ended), flush=True)


if __name__ == "__main__":
    main(Home(Path(sys.argv[1])), Path(sys.argv[2]))
