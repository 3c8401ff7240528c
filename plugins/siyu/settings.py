"""Where siyu keeps its state and how it is set: `siyu.yml` in the home, overridden by `SIYU_…` variables.

Here: paths of a home and values a person may set. Not here: business rules (dbt seeds and vars).
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from siyu.errors import UsageError
from siyu.storage import make_folder, written_whole

PROJECT = Path(__file__).resolve().parents[2]
HOME_VERSION = 1


class FileSource(BaseModel):
    """A mapping and the file or folder that it reads each night."""

    model_config = ConfigDict(extra="forbid")

    mapping: Path
    path: Path


Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Certainty = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=1, le=36_525)]


class DbtVars(BaseModel):
    """What a home may set of the dbt project's vars; dbt_project.yml says what each means and its default.

    Their values become part of SQL, so each is a bounded number or one of a few words.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    snapshot_gap_hours: int = Field(default=36, ge=1, le=8_784)
    churn_days: Days = 180
    kpi_window_days: list[Days] = Field(default=[30, 90, 365], max_length=20)
    kpi_month_ends: int = Field(default=12, ge=0, le=600)
    top_buyer_share: Share = 0.20
    second_order_days: Days = 90
    rfm_window_days: list[Days] = Field(default=[30, 90, 365], min_length=1, max_length=20)
    rfm_threshold_method: Literal["mean", "median", "quantile", "fixed"] = "mean"
    rfm_threshold_quantile: Share = 0.80
    super_user_share: Share = 0.10
    priority_care_share: Share = 0.30
    priority_care_population: Literal["repeat_buyers", "buyers"] = "repeat_buyers"
    campaign_outcome_days: Days = 14
    campaign_confidence: float = Field(default=0.95, gt=0, lt=1)
    campaign_srm_limit: Share = 0.001
    guide_window_days: Days = 30
    home_store_days: Days = 365
    note_city_share: Share = 0.10
    note_city_minimum_numbers: int = Field(default=10, ge=1, le=1_000_000_000)
    match_suggested_from: Share = 0.90
    match_accepted_from: Certainty | None = None
    phone_only_days: Days = 90
    next_order_minimum_purchases: int = Field(default=3, ge=2, le=1_000)
    next_order_category_gaps: int = Field(default=30, ge=1, le=1_000_000_000)
    next_order_due_days: Days = 7
    private_partner_share: Share = 0.01
    cross_buy_days: Days = 90
    loyalty_window_days: Days = 365
    renewal_grace_days: Days = 30
    trade_home_count: int = Field(default=3, ge=2, le=1_000)
    trade_window_days: Days = 365
    capture_hours: int = Field(default=72, ge=1, le=10_000)
    coverage_window_days: Days = 30
    tag_coverage_tags: int = Field(default=3, ge=1, le=1_000)
    tag_coverage_floor: Share = 0.70
    tag_quality_minimum_holders: int = Field(default=100, ge=1, le=1_000_000_000)
    tag_unused_days: Days = 90
    campaign_minimum_persons: int = Field(default=30, ge=1, le=1_000_000_000)


class Settings(BaseModel):
    """Settings of one home; the field names are the keys of `siyu.yml` and, in capitals, of `SIYU_…`."""

    model_config = ConfigDict(extra="forbid")

    business_timezone: str = "Asia/Shanghai"
    reporting_currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    files: list[FileSource] = Field(default_factory=list)
    quarantine_limit_share: float = Field(default=0.005, ge=0, le=1)
    quarantine_limit_rows: int = Field(default=10, ge=0)
    cell_limit_bytes: int = Field(default=1_000_000, ge=1_000)
    lock_wait_seconds: float = Field(default=600, ge=0)
    match_members: bool = False  # compare accounts by what their customers told; needs siyu[fuzzy]
    decide_by: str = "06:30"  # local time at which a night does without what is still missing, or gives up
    published_by: str = "07:00"  # local time of business_timezone; a night still running then is told
    duckdb_memory_limit: str = Field(default="6GB", pattern=r"^[0-9]{1,6}(\.[0-9]{1,3})? ?([KMGT]i?B)$")
    duckdb_threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    keep_publications: int = Field(default=14, ge=1)
    reader_grace_hours: int = Field(default=24, ge=0)
    keep_candidates_days: int = Field(default=7, ge=0)
    keep_quarantine_days: int = Field(default=90, ge=0)
    keep_logs_days: int = Field(default=30, ge=0)
    backup_retention_days: int = Field(
        default=30, ge=0
    )  # how long you keep backups, as proofs of erasure say
    keep_warehouses: int = Field(default=2, ge=1)
    compact_files: int = Field(default=30, ge=2)
    docs_url: str | None = Field(
        default=None, pattern=r"^https?://[^\s\"'<>]{1,500}$"
    )  # of site/, for the report
    dbt_vars: dict[str, Any] = Field(default_factory=dict)

    @field_validator("dbt_vars")
    @classmethod
    def _vars_are_known(cls, given: dict[str, Any]) -> dict[str, Any]:
        return DbtVars.model_validate(given).model_dump(exclude_unset=True)

    @field_validator("business_timezone")
    @classmethod
    def _zone_is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:  # OSError: a folder of zones
            raise ValueError(f"no time zone is called {name!r}") from unknown
        return name

    @field_validator("decide_by", "published_by", mode="before")
    @classmethod
    def _is_a_time_of_day(cls, value: object) -> object:
        if isinstance(value, int):  # YAML reads 10:30 without quotes as sixty times ten and thirty
            value = f"{value // 60:02d}:{value % 60:02d}"
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", str(value)):
            raise ValueError(f"{value!r} is no time of day like 07:00")
        return value


class Home:
    """The folders of one home. Creating the object creates nothing; `create()` does."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.settings_file = self.root / "siyu.yml"
        self.version_file = self.root / "version"
        self.raw = self.root / "raw"
        self.loads = self.root / "raw" / "loads"
        self.quarantine = self.root / "quarantine"
        self.vault = self.root / "vault"
        self.keys = self.root / "keys"
        self.state = self.root / "state"
        self.staging = self.root / "staging"
        self.pending = self.root / "pending"
        self.requests = self.root / "requests"
        self.warehouses = self.root / "warehouse"
        self.candidates = self.root / "candidates"
        self.publications = self.root / "publications"
        self.published = self.root / "published"
        self.channels_file = self.root / "channels.yml"
        self.marts_file = self.root / "published" / "marts.duckdb"
        self.restricted_file = self.root / "published" / "restricted.duckdb"
        self.report_file = self.root / "report" / "index.html"
        self.runs = self.root / "runs"
        self.nightly = self.root / "nightly"

    def __str__(self) -> str:
        return str(self.root)

    def create(self) -> "Home":
        """Make the home's root private to its owner and stamp its version; an older siyu refuses a newer home."""
        make_folder(self.root)
        if not self.version_file.exists():
            with written_whole(self.version_file) as staged:
                staged.write_text(f"{HOME_VERSION}\n", encoding="utf-8")
        version = self.version_file.read_text(encoding="utf-8").strip()
        if not version.isdigit() or int(version) > HOME_VERSION:
            raise UsageError(
                f"{self.root} has version {version!r}",
                expected=f"version {HOME_VERSION} or older",
                do="use the siyu that wrote it, or a newer one",
            )
        return self


def find_home(root: Path | None = None) -> Home:
    """The home named, else `$SIYU_HOME`, else `.siyu` in the current folder."""
    return Home(root or Path(os.environ.get("SIYU_HOME", ".siyu")))


def existing_home(root: Path | None = None) -> Home:
    """As `find_home`, for commands that change what is there.

    Raises:
        UsageError: There is no home.
    """
    home = find_home(root)
    if not home.version_file.exists():
        raise UsageError(
            f"{home} is no home of siyu",
            expected="a home with a publication",
            do="name it with --home, or set SIYU_HOME",
        )
    return home.create()


def load_settings(home: Home, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read `siyu.yml`, then `SIYU_<KEY>` variables over it; both may be absent.

    Raises:
        UsageError: A key is unknown or a value does not fit; the message names the key.
    """
    values: dict[str, Any] = {}
    if home.settings_file.exists():
        values = _yaml(home.settings_file.read_text(encoding="utf-8"), str(home.settings_file)) or {}
    if not isinstance(values, dict):
        raise UsageError(f"{home.settings_file} holds a list or a word", expected="key: value lines")
    for key in Settings.model_fields:
        if (text := environment.get(f"SIYU_{key.upper()}")) is not None:
            values[key] = _yaml(text, f"SIYU_{key.upper()}")
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"setting {name}: {first['msg']}",
            expected=f"a setting of siyu ({', '.join(sorted(Settings.model_fields))})",
            do=f"mend {home.settings_file} or SIYU_{name.upper()}",
        ) from error


def _yaml(text: str, place: str) -> Any:
    """The YAML in a text; an error names the line and does not quote it, for it may hold a secret."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise UsageError(f"{place} is not YAML{line}", expected="key: value", do="mend it") from None


def save_settings(home: Home, changes: Mapping[str, Any]) -> None:
    """Write settings into `siyu.yml`, keeping those already there."""
    values: dict[str, Any] = {}
    if home.settings_file.exists():
        values = yaml.safe_load(home.settings_file.read_text(encoding="utf-8")) or {}
    values.update(changes)
    with written_whole(home.settings_file) as staged:
        staged.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=True), encoding="utf-8")
