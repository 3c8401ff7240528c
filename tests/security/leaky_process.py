"""A process that does what a night does, and fails in many ways, with every logger at debug: `… HOME SOURCES`."""

import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from siyu.channels.files import claim_files, land_file, load_mapping
from siyu.orchestration.alerts import send_test, tell_lost_night
from siyu.orchestration.journal import recorded
from siyu.publication import publish_candidate, rollback, status, status_text
from siyu.publication.postgres.connection import connect_serving, serving_uri
from siyu.publication.publish import finish_interrupted
from siyu.settings import Home, load_settings


def main(home: Home, sources: Path) -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    logging.captureWarnings(capture=True)
    settings = load_settings(home)
    mapping = load_mapping(sources / "mapping.yml")

    def land_all() -> None:
        for source, file in claim_files(mapping, sources / "exports").claimed:
            land_file(mapping, source, file, settings, home)

    def reach_postgres() -> None:
        with connect_serving(str(serving_uri(home)), application_name="test"):
            pass

    def crash() -> None:
        uri = serving_uri(home)
        assert not uri  # an unexpected error in a frame that holds the URI

    attempts: dict[str, Callable[[], object]] = {
        "land": land_all,
        "reach_postgres": reach_postgres,
        "publish": lambda: publish_candidate(home, settings, "run"),
        "publish_refused": lambda: publish_candidate(home, settings, "refused"),
        "finish": lambda: finish_interrupted(home, settings),
        "rollback": lambda: rollback(home, settings, 1, by="x", reason="x"),
        "status": lambda: print(status_text(status(home))),
        "notify": lambda: send_test(home),
        "lost_night": lambda: tell_lost_night(home, "run", "the process ended"),
        "crash": crash,
    }
    for name, attempt in attempts.items():
        try:
            with recorded(home, "run", name):
                attempt()
        except Exception:  # noqa: BLE001 - what an operator would see of it, whatever it is
            traceback.print_exc()


if __name__ == "__main__":
    main(Home(Path(sys.argv[1])), Path(sys.argv[2]))
