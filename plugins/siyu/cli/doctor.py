"""`siyu doctor`: is everything in order for the next night, and if not, what mends it.

Here: the checks of machine and home, and how findings are shown. Not here: the checks of PostgreSQL (doctor_postgres).

A check returns what it found, or raises an error that says what was found, what it should be and the command that
mends it; words in capitals are for the reader to fill in, what follows a # is said to the reader alone. None changes
anything, and none tells a secret.
"""

import os
import platform
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_result
from siyu.errors import EnvironmentFaultError, ExitCode, SiyuError, UsageError

if TYPE_CHECKING:
    from siyu.settings import Home, Settings

_NAMED = ("duckdb", "apache-airflow", "dbt-core")
_UNITS: Mapping[str, int] = {
    unit + suffix: base**power
    for suffix, base in (("B", 1000), ("iB", 1024))
    for power, unit in enumerate("KMGT", start=1)
}
_MEMORY_SHARE = 0.8  # the rest is for Python, Airflow and the system
_DISK_FACTOR = 3  # the new warehouse, the new publication, and room to sort
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at; `expected` and `do`, a command, are empty where it is in order."""

    name: str
    is_ok: bool
    found: str
    expected: str = ""
    do: str = ""


def doctor(
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name what is wrong with the set-up, and what mends it.

    It looks at the machine, the home, its channels with one call each, and PostgreSQL. It changes nothing, and ends
    with 3 when something is wrong.

    Example: siyu doctor --home /srv/siyu
    """
    from siyu.settings import find_home

    findings = list(examined(find_home(home)))
    print_result(findings, "\n".join(map(_text, findings)), as_json=as_json)
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(int(ExitCode.ENVIRONMENT))


def examined(home: "Home") -> Iterator[Finding]:
    """Every finding of a home, in the order in which faults are best mended."""
    from siyu.settings import load_settings

    yield looked_at("versions", versions)
    home_found = looked_at("home", partial(home_version, home))
    yield home_found
    if not home_found.is_ok:
        return
    settings_found = looked_at("settings", partial(settings_read, home))
    yield settings_found
    if settings_found.is_ok:
        settings = load_settings(home)
        for name, check_settings in SETTINGS_CHECKS.items():
            yield looked_at(name, partial(check_settings, home, settings))
    for name, check_home in HOME_CHECKS.items():
        yield looked_at(name, partial(check_home, home))

    from siyu.cli.doctor_channels import channel_findings
    from siyu.cli.doctor_postgres import postgres_findings

    yield from channel_findings(home)
    yield from postgres_findings(home)


def looked_at(name: str, check: Callable[[], str]) -> Finding:
    """The finding of one check; what it cannot look at is a fault too."""
    try:
        return Finding(name=name, is_ok=True, found=check())
    except SiyuError as fault:
        return fault_found(name, fault)
    except OSError as fault:
        return Finding(
            name=name,
            is_ok=False,
            found=f"{fault.filename}: {fault.strerror}",
            expected="something that this user can read",
            do=f'sudo chown -R "$(id -un)" {shlex.quote(str(fault.filename))}',
        )
    except (ValueError, KeyError, TypeError) as fault:  # a record that somebody cut or edited
        return Finding(
            name=name,
            is_ok=False,
            found=f"a record in the home cannot be read ({type(fault).__name__})",
            expected="records as siyu writes them",
            do="siyu restore BACKUP --home NEW",
        )


def fault_found(name: str, fault: SiyuError) -> Finding:
    """An error of siyu as a finding."""
    return Finding(name=name, is_ok=False, found=fault.found, expected=fault.expected, do=fault.do)


@contextmanager
def mended_by(command: str, *, expected: str, advice: str = "") -> Iterator[None]:
    """What another room finds wrong inside the block, with the command that mends it.

    `advice`, or the words of that room where it is empty, stands behind the command.
    """
    try:
        yield
    except SiyuError as fault:
        words = advice or fault.do
        do = f"{command}  # {words}" if words else command
        raise EnvironmentFaultError(fault.found, expected=fault.expected or expected, do=do) from fault


def editing(file: Path) -> str:
    """The command that opens a file of the set-up in the reader's editor."""
    return f"${{EDITOR:-vi}} {shlex.quote(str(file))}"


def versions() -> str:
    """Python and the packages within the ranges that siyu was locked in."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    python = platform.python_version()
    wrong = {}
    if python not in (wanted := SpecifierSet(metadata.metadata("siyu")["Requires-Python"])):
        wrong[f"Python {python}"] = f"Python {wanted}"
    for requirement in map(Requirement, metadata.requires("siyu") or []):
        found = _version_of(requirement.name)
        if found is None or not requirement.specifier.contains(found, prereleases=True):
            wrong[f"{requirement.name} {found or 'absent'}"] = f"{requirement.name}{requirement.specifier}"
    if wrong:
        raise EnvironmentFaultError(", ".join(wrong), expected=", ".join(wrong.values()), do="make setup")
    return ", ".join([f"Python {python}", *(f"{name} {_version_of(name)}" for name in _NAMED)])


def home_version(home: "Home") -> str:
    """A home is there, and this siyu can use it."""
    from siyu.settings import HOME_VERSION

    if not home.version_file.exists():
        raise UsageError(
            f"{home} is no home of siyu",
            expected="a home",
            do=f"siyu init --home {shlex.quote(str(home))}",
        )
    version = home.version_file.read_text(encoding="utf-8").strip()
    if not version.isdigit() or int(version) > HOME_VERSION:
        raise UsageError(
            f"{home} has version {version[:20]!r}",
            expected=f"version {HOME_VERSION} or older",
            do="git pull && make setup  # the siyu that wrote it, or a newer one",
        )
    return f"{home}, version {version}"


def settings_read(home: "Home") -> str:
    """siyu.yml and the variables over it can be read."""
    from siyu.settings import load_settings

    with mended_by(editing(home.settings_file), expected="settings of siyu"):
        load_settings(home)
    return str(home.settings_file) if home.settings_file.exists() else "the defaults, there is no siyu.yml"


def sources_readable(home: "Home", settings: "Settings") -> str:
    """Each configured mapping is right, and what it reads is there."""
    from siyu.channels.files import load_mapping

    for source in settings.files:
        wrong = source.mapping if source.mapping.exists() else home.settings_file
        with mended_by(editing(wrong), expected="a mapping that siyu mapping check finds nothing wrong with"):
            load_mapping(source.mapping)
        if not os.access(source.path, os.R_OK):
            raise UsageError(
                f"{source.path}, which {source.mapping} reads, is not there or not readable",
                expected="a file or folder that this user can read",
                do=f"{editing(home.settings_file)}  # or make that path readable",
            )
    return (
        f"{len(settings.files)} configured, mappings and paths can be read"
        if settings.files
        else "none configured"
    )


def memory_suffices(home: "Home", settings: "Settings") -> str:
    """DuckDB may not take so much that the rest of the night is killed."""
    there = _memory_bytes()
    limit = bytes_of(settings.duckdb_memory_limit)
    if limit > _MEMORY_SHARE * there:
        raise EnvironmentFaultError(
            f"duckdb_memory_limit is {settings.duckdb_memory_limit} of {_size(there)} of memory",
            expected=f"at most {_MEMORY_SHARE:.0%} of it",
            do=f"{editing(home.settings_file)}  # duckdb_memory_limit: {_MEMORY_SHARE * there / 1000**3:.1f}GB",
        )
    return f"{_size(there)}, of which DuckDB may take {settings.duckdb_memory_limit}"


def secrets_are_private(home: "Home") -> str:
    """Keys and vault are their owner's alone, folders 0700, files 0600; and all tokens are of one key."""
    from siyu.landing.personal import refuse_half_rekeyed

    folders = [folder for folder in (home.keys, home.vault) if folder.exists()]
    paths = [home.root, *(path for folder in folders for path in (folder, *folder.rglob("*")))]
    open_to_others = [path for path in paths if path.exists() and path.stat().st_mode & 0o077]
    if open_to_others:
        first = open_to_others[0]
        raise EnvironmentFaultError(
            f"{first} has mode {first.stat().st_mode & 0o777:04o}"
            + (f", and {len(open_to_others) - 1} more" if len(open_to_others) > 1 else ""),
            expected="folders 0700 and files 0600",
            do=f"chmod -R go-rwx {' '.join(shlex.quote(str(path)) for path in folders)}"
            if home.root not in open_to_others
            else f"chmod -R go-rwx {shlex.quote(str(home.root))}",
        )
    refuse_half_rekeyed(home)
    return f"{len(paths)} files and folders, for their owner alone"


def disk_suffices(home: "Home") -> str:
    """Room for the next night: some times the last publication and warehouse."""
    newest = [
        max(found, default=None)
        for found in (home.publications.glob("[0-9]*/"), home.warehouses.glob("*.duckdb"))
    ]
    needed = _DISK_FACTOR * sum(_bytes_in(path) for path in newest if path)
    existing = next(folder for folder in (home.root, *home.root.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise EnvironmentFaultError(
            f"{_size(free)} free at {existing}",
            expected=f"{_size(needed)}: {_DISK_FACTOR} times the last publication and warehouse",
            do="airflow dags trigger maintain_warehouse  # or make room on that disk",
        )
    return f"{_size(free)} free, {_size(needed)} needed"


def publication_is_finished(home: "Home") -> str:
    """marts.duckdb shows the newest publication of the home, and every publication is as it was published."""
    from siyu.publication import current_publication, served_id
    from siyu.publication.damage import damage

    current = current_publication(home)
    if current is None:
        return "nothing published yet"
    publish_again = f"siyu publish {shlex.quote(current.run_id)} --home {shlex.quote(str(home))}"
    with mended_by(publish_again, expected=f"publication {current.id}"):
        shown = served_id(home)
    if shown != current.id:
        raise EnvironmentFaultError(
            f"{home.marts_file.name} shows {f'publication {shown}' if shown else 'nothing'}",
            expected=f"publication {current.id}, which was cut off",
            do=publish_again,
        )
    if damaged := damage(home, everywhere=True):
        raise EnvironmentFaultError(
            f"not as published: {', '.join(damaged)}",
            expected="the bytes that were published",
            do=f"siyu nightly --home {shlex.quote(str(home))}  # publishes anew; or copy it from a backup",
        )
    return f"publication {current.id}, as of {current.as_of_date}"


def nothing_is_held(home: "Home") -> str:
    """No rollback holds back the next night."""
    from siyu.publication.records import current_hold

    if (hold := current_hold(home)) is not None:
        raise EnvironmentFaultError(
            f"on hold since rollback to {hold.restores} by {hold.by} at {hold.since:%Y-%m-%d %H:%M} UTC",
            expected="no hold: nothing new is published meanwhile",
            do=f"siyu publish --resume --by NAME --reason TEXT --home {shlex.quote(str(home))}",
        )
    return "no hold"


def somebody_is_told(home: "Home") -> str:
    """The addresses of those who are told of a failure are addresses."""
    from siyu.orchestration.robots import ADDRESSES_VARIABLE, addresses, described

    known = addresses(home)
    services = [described(address) for address in known]
    if wrong := [number for number, address in enumerate(known, start=1) if "://" not in address]:
        raise UsageError(
            f"address {wrong[0]} of {len(known)} is no URL",
            expected="apprise URLs, such as wecombot://KEY",
            do=f"{editing(home.keys / 'notify')}  # or variable {ADDRESSES_VARIABLE} where that is set",
        )
    return f"{len(known)} addresses: {', '.join(services)}" if known else "none: a failure is told to nobody"


SETTINGS_CHECKS: "Mapping[str, Callable[[Home, Settings], str]]" = {
    "files": sources_readable,
    "memory": memory_suffices,
}
HOME_CHECKS: "Mapping[str, Callable[[Home], str]]" = {
    "disk": disk_suffices,
    "keys and vault": secrets_are_private,
    "publication": publication_is_finished,
    "hold": nothing_is_held,
    "notifications": somebody_is_told,
}


def _text(finding: Finding) -> str:
    if finding.is_ok:
        return f"ok     {finding.name}: {finding.found}"
    return "\n".join(
        [
            f"FAULT  {finding.name}: {finding.found}",
            f"       should be: {finding.expected}",
            f"       mend it:   {finding.do}",
        ]
    )


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _memory_bytes() -> int:
    """What this process may use: the machine's memory, or less in a container."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _CGROUP_LIMIT.read_text(encoding="ascii").strip() if _CGROUP_LIMIT.exists() else "max"
    return min(physical, int(limit)) if limit.isdigit() else physical


def bytes_of(limit: str) -> float:
    """A setting such as 6GB or 512MiB in bytes."""
    number = limit.rstrip(" KMGTiB")
    return float(number) * _UNITS[limit.removeprefix(number).strip()]


def _bytes_in(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _size(count: float) -> str:
    return f"{count / 1000**3:.1f} GB"
