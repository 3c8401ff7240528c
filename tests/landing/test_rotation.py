"""A new master key: tokens stay, the vault opens, and a kill anywhere leaves keys that open everything."""

from pathlib import Path

import pytest

from siyu.errors import EnvironmentFaultError
from siyu.landing.personal import (
    open_keys,
    open_private_key,
    open_state_key,
    rotate_master_key,
    seal,
    unseal,
)
from siyu.settings import Home
from tests.publication import processes

PERSON = {"kind": "field", "value": "13912345678"}


def sealed_home(root: Path) -> Home:
    """A home with keys and a vault file."""
    home = Home(root).create()
    home.vault.mkdir(mode=0o700)
    seal(home.vault / "one.sealed", [PERSON], open_keys(home).vault_public_key)
    return home


def what_opens(home: Home) -> tuple[str, bytes, list[dict[str, object]]]:
    """The token of a phone, the key of the state, and what is in the vault."""
    token = open_keys(home).tokenizer.token("phone", PERSON["value"])
    return token, open_state_key(home), list(unseal(home.vault / "one.sealed", open_private_key(home)))


def test_a_rotation_changes_a_token_or_closes_the_vault_or_leaves_the_old_master(tmp_path: Path) -> None:
    home = sealed_home(tmp_path / "home")
    before = what_opens(home)
    old = {path.name: path.read_bytes() for path in home.keys.iterdir()}
    rotate_master_key(home)
    new = {path.name: path.read_bytes() for path in home.keys.iterdir()}
    assert what_opens(home) == before
    assert [name for name in old if old[name] == new[name]] == ["vault.pub"]
    assert len(new["master.key"]) == 32
    (home.keys / "master.key").write_bytes(old["master.key"])
    with pytest.raises(EnvironmentFaultError, match=r"token\.key does not open with keys/master\.key"):
        what_opens(home)


def test_a_rotation_that_is_killed_leaves_something_that_does_not_open(tmp_path: Path) -> None:
    before = {}

    def prepare(change: int) -> tuple[Path, tuple[()]]:
        home = sealed_home(tmp_path / f"home{change}")
        before[home.root] = what_opens(home)
        return home.root, ()

    killed = processes.every_kill_point(processes.rotate_keys, prepare)
    assert len(killed) >= 8
    for root in killed:
        assert what_opens(Home(root)) == before[root]
        rotate_master_key(Home(root))
        assert what_opens(Home(root)) == before[root]
        assert len((root / "keys" / "master.key").read_bytes()) == 32


def test_a_home_whose_keys_are_incomplete_is_rotated(tmp_path: Path) -> None:
    home = sealed_home(tmp_path / "home")
    (home.keys / "vault.key").unlink()
    before = (home.keys / "master.key").read_bytes()
    with pytest.raises(EnvironmentFaultError, match=r"vault\.key missing"):
        rotate_master_key(home)
    assert (home.keys / "master.key").read_bytes() == before
