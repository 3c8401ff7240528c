"""What the command tells its caller: 0 done, 1 refused, 2 usage, 3 machine, 4 unexpected; never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

SIYU = Path(sys.executable).parent / "siyu"


def siyu(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(SIYU), *words], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nightly", "--bogus"], "no such option: --bogus"),
        (["nightly", "--mapping", "absent.yml", "--path", "."], "absent.yml is not there"),
        (["mapping", "check", "absent.yml", "."], "absent.yml"),
        (
            ["rollback", "7", "--by", "me", "--reason", "why", "--home", "nowhere"],
            "nowhere is no home of siyu",
        ),
    ],
)
def test_a_wrong_word_ends_with_2_and_says_which(tmp_path: Path, words: list[str], said: str) -> None:
    done = siyu(tmp_path, *words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_and_version_end_with_0(tmp_path: Path) -> None:
    assert "nightly" in siyu(tmp_path, "--help").stdout
    assert siyu(tmp_path, "--version").stdout.strip()


def test_a_home_of_a_newer_siyu_is_refused_not_overwritten(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "version").write_text("99\n", encoding="utf-8")
    (tmp_path / "m.yml").write_text("version: 1\n", encoding="utf-8")
    done = siyu(tmp_path, "nightly", "--mapping", "m.yml", "--path", ".", "--home", str(home))
    assert done.returncode == 2
    assert "version" in done.stderr
    assert (home / "version").read_text(encoding="utf-8") == "99\n"
