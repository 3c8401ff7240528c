"""Where siyu keeps its state and how it is set: `siyu.yml` in the home, overridden by `SIYU_…` variables.

Here: paths of a home and values a person may set. Not here: business rules (dbt seeds and vars).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
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
    duckdb_memory_limit: str = "6GB"
    duckdb_threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    keep_publications: int = Field(default=14, ge=1)
    reader_grace_hours: int = Field(default=24, ge=0)
    keep_candidates_days: int = Field(default=7, ge=0)
    keep_quarantine_days: int = Field(default=90, ge=0)
    keep_logs_days: int = Field(default=30, ge=0)
    keep_warehouses: int = Field(default=2, ge=1)
    compact_files: int = Field(default=30, ge=2)
    dbt_vars: dict[str, Any] = Field(default_factory=dict)

    @field_validator("business_timezone")
    @classmethod
    def _zone_is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as unknown:
            raise ValueError(f"no time zone is called {name!r}") from unknown
        return name


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
        self.warehouses = self.root / "warehouse"
        self.candidates = self.root / "candidates"
        self.publications = self.root / "publications"
        self.published = self.root / "published"
        self.marts_file = self.root / "published" / "marts.duckdb"
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
        try:
            values = yaml.safe_load(home.settings_file.read_text(encoding="utf-8")) or {}
        except yaml.YAMLError as error:
            raise UsageError(f"{home.settings_file} is not YAML: {error}", do="mend the line") from error
    if not isinstance(values, dict):
        raise UsageError(f"{home.settings_file} holds a list or a word", expected="key: value lines")
    for key in Settings.model_fields:
        if (text := environment.get(f"SIYU_{key.upper()}")) is not None:
            values[key] = yaml.safe_load(text)
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


def save_settings(home: Home, changes: Mapping[str, Any]) -> None:
    """Write settings into `siyu.yml`, keeping those already there."""
    values: dict[str, Any] = {}
    if home.settings_file.exists():
        values = yaml.safe_load(home.settings_file.read_text(encoding="utf-8")) or {}
    values.update(changes)
    with written_whole(home.settings_file) as staged:
        staged.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=True), encoding="utf-8")
