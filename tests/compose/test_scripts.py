"""The scripts of docker/: secrets are made once, a company's certificates are trusted, the database's URI is whole."""

import base64
import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from siyu.settings import PROJECT
from tests.compose.files import compose_file

DOCKER = PROJECT / "docker"
NOBODY = 65534
SHELL = "/bin/sh"


@pytest.fixture
def checkout() -> Iterator[Path]:
    """An empty project folder that an ordinary user may write, outside of what root keeps to itself."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        shutil.copy(DOCKER / "make-secrets.sh", folder)
        (folder / "make-secrets.sh").chmod(0o755)
        yield folder


def make_secrets(checkout: Path, user: int | None = None) -> str:
    arguments = {"user": user, "group": user, "extra_groups": []} if user is not None else {}
    made = subprocess.run(
        [SHELL, str(checkout / "make-secrets.sh"), str(checkout)],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        **arguments,  # type: ignore[call-overload]
    )
    return str(made.stdout)


def secrets(checkout: Path) -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8") for path in (checkout / "docker" / "secrets").iterdir()
    }


def test_every_secret_of_the_compose_file_is_made_private_and_unlike_the_others(checkout: Path) -> None:
    make_secrets(checkout)
    made = secrets(checkout)
    of_services = {
        secret
        for service in compose_file({"SIYU_UID": "1"})["services"].values()
        for secret in service["secrets"]
    }
    assert made.keys() == of_services
    assert len(set(made.values())) == len(made)
    for path in (checkout / "docker" / "secrets").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(base64.urlsafe_b64decode(made.pop("airflow_fernet_key"))) == 32
    users = json.loads(made.pop("airflow_passwords.json"))
    assert users.keys() == {"admin"}
    for text in [*made.values(), *users.values()]:
        assert text.isalnum()
        assert len(text) >= 48  # hexadecimal: 24 random bytes


def test_making_secrets_again_changes_nothing(checkout: Path) -> None:
    make_secrets(checkout)
    before = secrets(checkout), (checkout / ".env").read_text(encoding="utf-8")
    assert make_secrets(checkout) == ""
    assert (secrets(checkout), (checkout / ".env").read_text(encoding="utf-8")) == before


def test_a_missing_secret_is_made_beside_the_others_and_a_persons_settings_stay(checkout: Path) -> None:
    (checkout / ".env").write_text("SIYU_SHOP=/srv/exports\n", encoding="utf-8")
    make_secrets(checkout)
    before = secrets(checkout)
    (checkout / "docker" / "secrets" / "airflow_jwt_secret").unlink()
    assert make_secrets(checkout) == "made docker/secrets/airflow_jwt_secret\n"
    after = secrets(checkout)
    assert after.pop("airflow_jwt_secret") != before.pop("airflow_jwt_secret")
    assert after == before
    assert (checkout / ".env").read_text(encoding="utf-8").startswith("SIYU_SHOP=/srv/exports\nSIYU_UID=")


def test_containers_run_as_whoever_owns_the_secrets_and_never_as_root(checkout: Path) -> None:
    as_root = os.geteuid() == 0
    if as_root:
        (checkout / "of-a-person").mkdir()
        (checkout / "of-a-person").chmod(0o777)
        shutil.copy(checkout / "make-secrets.sh", checkout / "of-a-person")
        make_secrets(checkout / "of-a-person", NOBODY)
        assert owner_and_user(checkout / "of-a-person") == (NOBODY, NOBODY)
    make_secrets(checkout)
    expected = 50000 if as_root else os.geteuid()
    assert owner_and_user(checkout) == (expected, expected)


def owner_and_user(checkout: Path) -> tuple[int, int]:
    owners = {path.stat().st_uid for path in (checkout / "docker" / "secrets").iterdir()}
    assert len(owners) == 1
    noted = dict(line.split("=") for line in (checkout / ".env").read_text(encoding="utf-8").splitlines())
    return owners.pop(), int(noted["SIYU_UID"])


def test_the_uri_of_the_metadata_database_is_one_line_with_the_password_of_the_secret(tmp_path: Path) -> None:
    (tmp_path / "airflow_database_password").write_text("pw0\n", encoding="utf-8")  # as an editor leaves it
    environment = {
        "SIYU_SECRETS": str(tmp_path),
        "SIYU_POSTGRES": "postgres:5432",
        "PATH": os.environ["PATH"],
    }
    printed = subprocess.run(
        [SHELL, DOCKER / "metadata-uri.sh"], env=environment, capture_output=True, text=True, check=True
    )
    assert printed.stdout == "postgresql+psycopg://airflow:pw0@postgres:5432/airflow"
    (tmp_path / "airflow_database_password").unlink()
    without = subprocess.run(
        [SHELL, DOCKER / "metadata-uri.sh"], env=environment, capture_output=True, check=False
    )
    assert without.returncode != 0
    assert without.stdout == b""


@pytest.mark.parametrize("given", [True, False])
def test_a_company_certificate_is_trusted_beside_the_public_ones_when_given(
    tmp_path: Path, given: bool
) -> None:
    company = tmp_path / "company.pem"
    certificate = "-----BEGIN CERTIFICATE-----\nY29tcGFueQ==\n-----END CERTIFICATE-----\n"
    stand_in = (DOCKER / "no-company-ca.pem").read_text(encoding="utf-8")
    company.write_text(certificate if given else stand_in, encoding="utf-8")
    environment = {"COMPANY_CA": str(company), "PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
    shown = subprocess.run(
        [
            *(SHELL, str(DOCKER / "with-company-ca.sh")),
            *("sh", "-c", 'echo "${SSL_CERT_FILE-none} ${PIP_CERT-none}"'),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    for file in shown.stdout.split():
        if given:
            trusted = Path(file).read_text(encoding="utf-8")
            assert trusted.endswith(certificate)
            assert len(trusted) > len(certificate)
        else:
            assert file == "none"
