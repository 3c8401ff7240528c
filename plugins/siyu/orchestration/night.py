"""The steps of transform_warehouse, publish_marts and maintain_warehouse, as thin as the rooms allow."""

from datetime import date

from siyu.errors import RefusedError, UsageError
from siyu.gate import audit_candidate
from siyu.landing import compact, live, read_records
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.publication import current_publication, export_candidate, maintain, publish_candidate
from siyu.warehouse import build_warehouse, read_build, warehouse_lock
from siyu.warehouse.build import code_revision


def is_something_new(run: Run, step: Step) -> bool:
    """Whether tonight's marts can differ from the published ones: other loads, another as_of, or other code.

    Raises:
        UsageError: Nothing has ever landed.
    """
    load_ids = [record.load_id for record in live(read_records(run.home))]
    if not load_ids:
        raise UsageError("nothing has landed yet", expected="at least one load", do="run ingest_files first")
    published = current_publication(run.home)
    asked = run.params.get("as_of_date")
    new = (
        published is None
        or sorted(published.load_ids) != sorted(load_ids)
        or published.code_revision != code_revision()
        or (asked is not None and asked != published.as_of_date.isoformat())
    )
    step.facts = {"loads": len(load_ids), "published": published.id if published else None, "new": new}
    return new


def build_night(run: Run, step: Step) -> None:
    """Build the warehouse of this run."""
    asked = run.params.get("as_of_date")
    build = build_warehouse(
        run.home, run.settings, run_id=run.run_id, as_of=date.fromisoformat(asked) if asked else None
    )
    step.facts = {"as_of_date": build.as_of_date, "loads": len(build.load_ids), "nodes": len(build.steps)}


def export_night(run: Run, step: Step) -> None:
    """Export the candidate of this run's build."""
    candidate = export_candidate(run.home, read_build(run.home, run.run_id))
    step.facts = {"candidate": candidate.name}


def audit_night(run: Run, step: Step) -> None:
    """Audit the candidate.

    Raises:
        RefusedError: A critical check failed or a check could not run; nothing a reader sees has changed.
    """
    verdict = audit_candidate(run.home, run.run_id)
    failed = [check for check in verdict.checks if check.status != "passed"]
    step.facts = {
        "checks": len(verdict.checks),
        "warnings": [c.id for c in failed if c.severity == "warning"],
    }
    if not verdict.passed:
        listed = "; ".join(f"{c.id} on {c.model} {c.status}, {c.offending_rows} rows" for c in failed)
        raise RefusedError(
            f"the audit refused run {run.run_id}: {listed}",
            expected="every critical check to pass",
            do=f"look at {run.home.candidates / run.run_id / 'verdict.html'}; what was published stays",
        )


def publish_night(run: Run, step: Step) -> int:
    """Publish the audited candidate; the same content again is the publication that stands."""
    publication = publish_candidate(run.home, run.settings, run.run_id)
    step.facts = {"publication": publication.id, "new": publication.is_new}
    return publication.id


def enforce_retention(run: Run, step: Step) -> None:
    """Remove what the settings no longer keep."""
    removed = maintain(run.home, run.settings, now=run.run_after)
    step.facts = {name: len(items) for name, items in removed.items()}


def compact_raw(run: Run, step: Step) -> None:
    """Merge small raw files, while no build reads them."""
    with warehouse_lock(run.home, run.settings, run_id=run.run_id):
        step.facts = {"superseded": len(compact(run.home, run.settings))}
