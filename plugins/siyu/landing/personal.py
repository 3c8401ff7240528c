"""Personal values at the door: tokens for identifiers, a vault for the clear values.

Here: the keys of a home, the tokenizer, sealing and unsealing. Not here: which fields are personal (resources).

Keys, in `keys/` (all made at the first landing, all or none):
    master.key   32 random bytes; wraps the two secrets below, so that rotating it changes no token. While it is being
                 rotated it holds two, the new one first
    token.key    the HMAC key, and after it a key of each re-keying, wrapped together
    token.key.next  what token.key will be, while a home is re-keyed (siyu.privacy.rekey)
    vault.key    the X25519 private key, wrapped: landing never needs it
    vault.pub    the X25519 public key
    tombstone.key  the HMAC key of tombstones, wrapped; made at the first erasure

A vault file, one per load:
    8 bytes      magic `SIYUVLT1`
    32 bytes     ephemeral X25519 public key of this file
    per record   4 bytes length (big-endian) of what follows, then AES-256-GCM ciphertext with its tag
The AES key is HKDF-SHA-256 of the shared secret (info: magic, ephemeral key, vault key); it serves one file, so the
nonce is the record's 0-based position as 12 big-endian bytes. A record is UTF-8 JSON. What was sealed in several pieces
is several such files one after the other (a magic stands where a length would). The position in the file, counted
through all pieces, is also how quarantine refers to a record: `<load_id>:<position>`.
"""

import hmac
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from siyu.errors import DamagedFileError, EnvironmentFaultError
from siyu.landing.sql import SEPARATOR
from siyu.settings import Home
from siyu.state.locks import hold
from siyu.storage import PRIVATE_FILE, fsync_path, written_whole

KEYS_LOCK = "keys.lock"
_MAGIC = b"SIYUVLT1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_LENGTH_BYTES = 4
_TOKEN_LENGTH = 32
IS_TOKEN = re.compile(r"[0-9a-f]{32}")
_TOKEN, _NEXT = "token.key", "token.key.next"
_WRAPPED = (_TOKEN, "vault.key")
_TOMBSTONE = "tombstone.key"
_KEYS_WAIT_SECONDS = 60
_ACROSS_CHANNELS = {"phone", "email", "unionid", "address"}
_FILLER = re.compile(r"null|none|nil|nan|n/?a|undefined|unknown|test|无|未知|空|[-–—_./?\s]*|0+")
# one digit throughout, the number that forms show as an example, or too short to be anybody's
_NOBODYS_PHONE = re.compile(r"\+?(86)?(13800138000|12345678(90?|901)?|(\d)\4*|\d{1,4})")
_COMPARED = "compared "
# one character, or a surname with a form of address; days that systems put where nobody told one; a province alone
_SAYS_NOTHING = {
    "compared full_name": re.compile(
        r".?|.{0,2}(先生|女士|小姐|太太|老师|同学|阿姨|叔叔)|(匿名|微信)?(用户|会员|顾客|客户|买家|本人)|mr|mrs|ms|customer|guest"
    ),
    "compared birth_date": re.compile(r"0{8}|00010101|18991230|19000101|19700101"),
    "compared address": re.compile(r".{0,5}"),
}
_HOME_REGION = "CN"
_PHONE_FILLING = re.compile(r"[\s\-()]")
_CHINESE_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")


@dataclass(frozen=True)
class Tokenizer:
    """Turns a personal value into a token that only the holder of the keys could recompute.

    A token is made with HMAC under the first key. Each re-keying encrypts all tokens with one more key, one AES block
    each: whoever has the keys before it can make none of the tokens after it, and no clear value is needed for it.
    """

    key: bytes = field(repr=False)
    later: tuple[bytes, ...] = field(default=(), repr=False)

    def token(self, kind: str, value: str) -> str:
        """32 hex digits for a value of a kind (`phone`, `email`, `customer_id` …), equal for equal normalised values.

        A `customer_id` comes with its scope: see `customer`. Beside it a `compared …` kind tells whether two accounts
        say the same of themselves: see `compared_kind`.
        """
        message = f"{kind}{SEPARATOR}{normalised(kind, value)}"
        first = hmac.digest(self.key, message.encode("utf-8", "surrogatepass"), "sha256")
        return _encrypted(first[: _TOKEN_LENGTH // 2], self._ciphers).hex()

    def customer(self, brand_code: str, channel_code: str, customer_id: str) -> str:
        """The token of a customer as one channel of one brand names them."""
        return self.token("customer_id", SEPARATOR.join((brand_code, channel_code, customer_id.strip())))

    def first(self, token: str) -> str:
        """The token as it was before any re-keying."""
        block = bytes.fromhex(token)
        for cipher in reversed(self._ciphers):
            decryptor = cipher.decryptor()
            block = decryptor.update(block) + decryptor.finalize()
        return block.hex()

    def rekeyed(self, token: str) -> str:
        """What the last re-keying made of a token from before it."""
        return _encrypted(bytes.fromhex(token), self._ciphers[-1:]).hex()

    @property
    def hash_keys(self) -> tuple[str, ...]:
        """What the hashes of rows are keyed with, one per re-keying: they are made of tokens, and would tell them."""
        return tuple(_derived(key, b"siyu row hashes").hex() for key in self.later)

    @cached_property
    def _ciphers(self) -> tuple[Cipher[ECB], ...]:
        # one block is a permutation of 128 bits, which a token has; nothing longer is encrypted with it
        return tuple(Cipher(AES(_derived(key, b"siyu tokens")), ECB()) for key in self.later)  # noqa: S305


def _encrypted(block: bytes, ciphers: Iterable[Cipher[ECB]]) -> bytes:
    for cipher in ciphers:
        encryptor = cipher.encryptor()
        block = encryptor.update(block) + encryptor.finalize()
    return block


def _derived(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(key)


def compared_kind(field: str) -> str:
    """What the tokens of an attribute that is compared are tokens of: no identifier's, whatever its name."""
    return f"{_COMPARED}{field}"


def normalised(kind: str, value: str) -> str:
    """The form of a value that its token is made of: phones as E.164, e-mails in lower case, addresses without width,
    case and blanks, what is compared as its letters and digits, all others without blanks around.

    A phone that is no phone number keeps its text: it still is the same text the next time.
    """
    text = value.strip()
    if kind.startswith(_COMPARED):
        return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
    if kind == "email":
        return text.lower()
    if kind == "phone":
        return _e164(text)
    if kind == "address":
        return "".join(unicodedata.normalize("NFKC", text).lower().split())
    return text


def names_nobody(kind: str, value: str) -> bool:
    """Whether a phone, e-mail, address, unionid or what is compared only fills its field: no word, masked, nobody's
    number, a form of address for a name, the day that a form begins with.

    Such a value says nothing of who somebody is, and would make one person of all who have it. An id of a platform's
    own is what the platform says it is.
    """
    if kind not in _ACROSS_CHANNELS and not kind.startswith(_COMPARED):
        return False
    text = unicodedata.normalize("NFKC", value).strip().lower()
    is_number = kind == "phone" and _NOBODYS_PHONE.fullmatch(normalised(kind, text))
    says_nothing = kind in _SAYS_NOTHING and _SAYS_NOTHING[kind].fullmatch(normalised(kind, text))
    return bool("*" in text or _FILLER.fullmatch(text) or is_number or says_nothing)


def _e164(text: str) -> str:
    # what phonenumbers would answer, 30 times faster, for nearly all numbers of a Chinese shop
    if mobile := _CHINESE_MOBILE.fullmatch(_PHONE_FILLING.sub("", text)):
        return f"+86{mobile.group(1)}"
    try:
        number = phonenumbers.parse(text, _HOME_REGION)
    except phonenumbers.NumberParseException:
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What landing needs of a home's keys: it can make tokens and seal, but not unseal."""

    tokenizer: Tokenizer
    vault_public_key: bytes


def open_keys(home: Home) -> Keys:
    """The keys of a home; made on first use, whole or not at all.

    Raises:
        EnvironmentFaultError: A key is missing where others, or loads made with it, are there. A new one would give
            every person a second token, so none is made.
    """
    if not any(home.keys.glob("*.key")):
        if home.loads.is_dir() and any(home.loads.glob("*.json")):
            raise _missing(home, "all")
        _make_keys(home)
    refuse_half_rekeyed(home)
    return Keys(tokenizer=_tokenizer(_unwrap(home, _TOKEN)), vault_public_key=_key_bytes(home, "vault.pub"))


def _tokenizer(secret: bytes) -> Tokenizer:
    key, *later = _of_key_size(secret)
    return Tokenizer(key, tuple(later))


def open_state_key(home: Home) -> bytes:
    """The key that platform tokens and checkpoints in state.db are encrypted with; keys are made on first use.

    It is derived from the token key, so that rotating the master key leaves what is stored readable.

    Raises:
        EnvironmentFaultError: As `open_keys`.
    """
    open_keys(home)
    return _state_key(_unwrap(home, _TOKEN))


def _state_key(secret: bytes) -> bytes:
    return _derived(secret, b"siyu state.db")


def open_private_key(home: Home) -> bytes:
    """The key that opens the vault: for erasing, exporting a member, and rekeying alone."""
    return _unwrap(home, "vault.key")


def open_tombstone_key(home: Home, *, make: bool = False) -> bytes:
    """The key of tombstones, one of its own: who has the token key alone cannot list who was forgotten.

    Raises:
        EnvironmentFaultError: It is missing, and `make` is False: another one would know nobody who was forgotten.
    """
    if make:
        with hold(home.state / KEYS_LOCK, run_id="first erasure", wait_seconds=_KEYS_WAIT_SECONDS):
            if not (home.keys / _TOMBSTONE).exists():
                _write_key(home, _TOMBSTONE, _wrap(_masters(home)[0], _TOMBSTONE, os.urandom(_KEY_BYTES)))
    return _unwrap(home, _TOMBSTONE)


def rotate_master_key(home: Home) -> None:
    """Put a new master key in the place of the old one; no token changes, and the vault opens as before.

    Killed anywhere, everything opens, and the next rotation begins anew: the file holds both masters until each secret
    is wrapped with the new one.

    Raises:
        EnvironmentFaultError: A key is missing or does not open. Nothing has changed.
        LockedError: Another process makes or rotates keys.
    """
    with hold(home.state / KEYS_LOCK, run_id="rotation of the master key", wait_seconds=_KEYS_WAIT_SECONDS):
        refuse_half_rekeyed(home)
        wrapped = [*_WRAPPED, *([_TOMBSTONE] if (home.keys / _TOMBSTONE).exists() else [])]
        secrets = {name: _unwrap(home, name) for name in wrapped}
        known, new = _masters(home), os.urandom(_KEY_BYTES)
        _write_key(home, "master.key", b"".join([new, *known]))
        for name, secret in secrets.items():
            _write_key(home, name, _wrap(new, name, secret))
        _write_key(home, "master.key", new)


@dataclass(frozen=True, kw_only=True)
class Rekeying:
    """The keys of a home while its tokens change."""

    tokenizer: Tokenizer  # what it will be
    state_key: bytes = field(repr=False)
    next_state_key: bytes = field(repr=False)
    vault_public_key: bytes
    vault_private_key: bytes = field(repr=False)

    @property
    def generation(self) -> int:
        """1 before any re-keying, one more with each."""
        return 1 + len(self.tokenizer.later)


def begin_rekeying(home: Home) -> Rekeying:
    """Make the next key, or go on with the one that a cut-off re-keying made; from now on nothing lands or is built.

    Raises:
        EnvironmentFaultError: A key is missing or does not open. Nothing has changed.
        LockedError: Another process makes or rotates keys.
    """
    with hold(home.state / KEYS_LOCK, run_id="re-keying", wait_seconds=_KEYS_WAIT_SECONDS):
        secret = _unwrap(home, _TOKEN)
        if not (home.keys / _NEXT).exists():
            _write_key(home, _NEXT, _wrap(_masters(home)[0], _TOKEN, secret + os.urandom(_KEY_BYTES)))
        following = _unwrap(home, _TOKEN, file=_NEXT)
    return Rekeying(
        tokenizer=_tokenizer(following),
        state_key=_state_key(secret),
        next_state_key=_state_key(following),
        vault_public_key=_key_bytes(home, "vault.pub"),
        vault_private_key=open_private_key(home),
    )


def finish_rekeying(home: Home) -> None:
    """Put the next key in the place of the one before it."""
    (home.keys / _NEXT).replace(home.keys / _TOKEN)
    fsync_path(home.keys)


def refuse_half_rekeyed(home: Home) -> None:
    """Let nothing be made while some tokens are new and some are not.

    Raises:
        EnvironmentFaultError: A re-keying is under way, or was cut off.
    """
    if (home.keys / _NEXT).exists():
        raise EnvironmentFaultError(
            f"the tokens of {home} are being re-keyed",
            expected="tokens that are all of one key",
            do=f"siyu keys rekey --by NAME --reason WHY --home {home}  # it goes on; while it runs, wait",
        )


def _write_key(home: Home, name: str, content: bytes) -> None:
    with written_whole(home.keys / name) as staged:
        staged.write_bytes(content)


def seal(target: Path, records: Iterable[Mapping[str, Any]], public_key: bytes) -> int:
    """Write a vault file that only the private key opens; returns how many records are in it."""
    ephemeral = X25519PrivateKey.generate()
    ephemeral_public = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public_key))
    cipher = AESGCM(_file_key(shared, ephemeral_public, public_key))
    position = -1
    target.touch(mode=PRIVATE_FILE)
    with target.open("wb") as file:
        file.write(_MAGIC + ephemeral_public)
        for position, record in enumerate(records):
            text = json.dumps(record, ensure_ascii=True, sort_keys=True).encode()
            sealed = cipher.encrypt(position.to_bytes(_NONCE_BYTES, "big"), text, _MAGIC)
            file.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)
    return position + 1


def join_sealed(target: Path, pieces: Iterable[Path]) -> None:
    """Put vault files one after the other into one."""
    target.touch(mode=PRIVATE_FILE)
    with target.open("wb") as whole:
        for piece in pieces:
            with piece.open("rb") as file:
                shutil.copyfileobj(file, whole)


def unseal(path: Path, private_key: bytes) -> Iterator[dict[str, Any]]:
    """The records of a vault file, in order, whatever number of pieces it was sealed in.

    Raises:
        DamagedFileError: The file is not a vault file, is cut short, or was sealed to another key.
    """
    own = X25519PrivateKey.from_private_bytes(private_key)
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise DamagedFileError(f"{path.name} is no vault file", do="restore it from a backup")
        try:
            cipher, position = _cipher_of_piece(file, own), 0
            while length := file.read(_LENGTH_BYTES):
                if length == _MAGIC[:_LENGTH_BYTES]:  # as a length it would mean a record of 1.3 GB
                    file.read(len(_MAGIC) - _LENGTH_BYTES)
                    cipher, position = _cipher_of_piece(file, own), 0
                    continue
                sealed = file.read(int.from_bytes(length, "big"))
                yield json.loads(cipher.decrypt(position.to_bytes(_NONCE_BYTES, "big"), sealed, _MAGIC))
                position += 1
        except (InvalidTag, ValueError) as error:
            raise DamagedFileError(
                f"{path.name} cannot be opened",
                expected="the key it was sealed to",
                do="restore it from a backup",
            ) from error


def _cipher_of_piece(file: IO[bytes], own: X25519PrivateKey) -> AESGCM:
    ephemeral_public = file.read(_KEY_BYTES)
    shared = own.exchange(X25519PublicKey.from_public_bytes(ephemeral_public))
    return AESGCM(_file_key(shared, ephemeral_public, own.public_key().public_bytes_raw()))


def _file_key(shared: bytes, ephemeral_public: bytes, public_key: bytes) -> bytes:
    info = _MAGIC + ephemeral_public + public_key
    return _derived(shared, info)


def _make_keys(home: Home) -> None:
    with hold(home.state / KEYS_LOCK, run_id="first landing", wait_seconds=_KEYS_WAIT_SECONDS):
        before = home.root / ".keys-before"
        if before.exists() and not home.keys.exists():
            before.rename(home.keys)  # a landing was killed between the two renames below
        for leftover in [*home.root.glob(".keys.*"), *home.root.glob(before.name)]:
            shutil.rmtree(leftover)
        if any(home.keys.glob("*.key")):
            return  # another landing was first: its keys are the home's
        master = os.urandom(_KEY_BYTES)
        vault = X25519PrivateKey.generate()
        content = {
            "master.key": master,
            _TOKEN: _wrap(master, _TOKEN, os.urandom(_KEY_BYTES)),
            "vault.key": _wrap(master, "vault.key", vault.private_bytes_raw()),
            "vault.pub": vault.public_key().public_bytes_raw(),
        }
        staged = Path(tempfile.mkdtemp(prefix=".keys.", dir=home.root))
        for name, key in content.items():
            (staged / name).touch(mode=PRIVATE_FILE)
            (staged / name).write_bytes(key)
            fsync_path(staged / name)
        if home.keys.exists():  # it may hold a connection already, which moves in with the keys
            shutil.copytree(home.keys, staged, symlinks=True, dirs_exist_ok=True)
            home.keys.rename(before)
        fsync_path(staged)
        staged.rename(home.keys)
        fsync_path(home.root)
        shutil.rmtree(before, ignore_errors=True)


def _wrap(master: bytes, name: str, secret: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(master).encrypt(nonce, secret, name.encode())


def _unwrap(home: Home, name: str, *, file: str | None = None) -> bytes:
    wrapped = _key_bytes(home, file or name)
    for master in _masters(home):
        with suppress(InvalidTag, ValueError):
            cipher = AESGCM(master)
            return cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], name.encode())
    raise EnvironmentFaultError(
        f"keys/{file or name} does not open with keys/master.key",
        expected="the keys this home was made with",
        do=f"restore {home.keys} from a backup",
    )


def _masters(home: Home) -> list[bytes]:
    """The master key, and while it is being rotated the one before it."""
    return _of_key_size(_key_bytes(home, "master.key"))


def _of_key_size(content: bytes) -> list[bytes]:
    return [content[start : start + _KEY_BYTES] for start in range(0, len(content), _KEY_BYTES)]


def _key_bytes(home: Home, name: str) -> bytes:
    try:
        return (home.keys / name).read_bytes()
    except FileNotFoundError:
        raise _missing(home, name) from None


def _missing(home: Home, name: str) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        f"{home.keys} is incomplete ({name} missing)",
        expected="the keys this home was made with; new ones would give every person a second token",
        do=f"restore {home.keys} from a backup",
    )
