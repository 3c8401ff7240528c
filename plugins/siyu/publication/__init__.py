"""From a built warehouse to what readers see, and back: export, publish, roll back, report, clean up.

Here: candidates, publications and the served file. Not here: judging a candidate (gate).
"""

from siyu.publication.candidate import candidate_folder, export_candidate
from siyu.publication.erasure import erase_published
from siyu.publication.maintenance import maintain, prune_candidates, prune_publications, prune_runs
from siyu.publication.overview import Status, age_of_the_night_due, status, status_text, trust_text
from siyu.publication.publish import publish_candidate
from siyu.publication.records import (
    Hold,
    Publication,
    PublicationRecord,
    PublicationSummary,
    current_publication,
    publication_log,
    standing_publication,
    summarise,
)
from siyu.publication.rekeying import check_crosswalk, rekey_published
from siyu.publication.restore import resume, rollback
from siyu.publication.revision import Revised, check_published
from siyu.publication.serving import published_state, served_id

__all__ = [
    "Hold",
    "Publication",
    "PublicationRecord",
    "PublicationSummary",
    "Revised",
    "Status",
    "age_of_the_night_due",
    "candidate_folder",
    "check_crosswalk",
    "check_published",
    "current_publication",
    "erase_published",
    "export_candidate",
    "maintain",
    "prune_candidates",
    "prune_publications",
    "prune_runs",
    "publication_log",
    "publish_candidate",
    "published_state",
    "rekey_published",
    "resume",
    "rollback",
    "served_id",
    "standing_publication",
    "status",
    "status_text",
    "summarise",
    "trust_text",
]
