"""The keys of a project: one Ed25519 signing key, one HMAC key; kept outside the project, mode 0600.

An operator with a key service names it in `signer.json` (lineage.kms) in place of the private key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lineage import kms
from lineage.atomic import write_bytes
from lineage.errors import TrustError

SIGNING, HMAC = "signing.pem", "hmac.key"
PASSPHRASE_VARIABLE = "HALLMARK_PASSPHRASE"
_RUN_INIT = "run `hallmark keys init`, or set HALLMARK_KEYS to the folder that holds the keys"


@dataclass(frozen=True)
class KeyInfo:
    """What may be told about keys: where they are, the public half, the HMAC key's id, whether new."""

    folder: Path
    keyid: str
    public_pem: str
    hmac_id: str | None
    created: bool


@dataclass(frozen=True)
class Signer:
    """Something that signs: key id, public key, and `sign(message) -> 64 bytes` (a file, a KMS, a token)."""

    keyid: str
    public_pem: str
    sign: Callable[[bytes], bytes]


def default_folder() -> Path:
    """Return the folder of the keys: $HALLMARK_KEYS, else ~/.config/hallmark."""
    return Path(os.environ.get("HALLMARK_KEYS") or Path.home() / ".config" / "hallmark").expanduser()


def init(folder: Path, passphrase: bytes | None = None) -> KeyInfo:
    """Make the signing and the HMAC key in `folder` where they are missing; what exists is not touched.

    The folder gets mode 0700, the files 0600; `passphrase` (or $HALLMARK_PASSPHRASE) locks a new signing key.
    """
    folder = Path(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    theirs = kms.configured(folder) or (folder / SIGNING).exists()
    made_signing = not theirs and _create(folder / SIGNING, _new_private_pem(passphrase))
    made_hmac = not (folder / HMAC).exists() and _create(folder / HMAC, secrets.token_bytes(32))
    signer = load_signer(folder, passphrase)
    return KeyInfo(folder, signer.keyid, signer.public_pem, load_hmac(folder)[0], made_signing or made_hmac)


def generate(role: str, path: Path, passphrase: bytes | None = None) -> KeyInfo:
    """Write a new private key at `path` (0600), its public half at `<path>.pub`; never over an old one."""
    if role not in ("pipeline", "reviewer"):
        raise TrustError(f"no such role: {role}", cure="pipeline or reviewer")
    path = Path(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _create(path, _new_private_pem(passphrase)):
        raise TrustError("there is a key already", where=str(path), cure="choose another file name")
    signer = load_private(path, passphrase)
    write_bytes(Path(f"{path}.pub"), signer.public_pem.encode("ascii"))
    return KeyInfo(path.parent, signer.keyid, signer.public_pem, None, True)


def rotate(folder: Path, passphrase: bytes | None = None) -> KeyInfo:
    """Put the signing key aside as `signing-<8 hex of its id>.pem` and make a new one; the HMAC key stays."""
    folder = Path(folder)
    if kms.configured(folder):
        raise TrustError(
            "a key service holds the signing key",
            where=str(folder / kms.NAME),
            cure="rotate it there, then run `hallmark keys service` with the new public key",
        )
    old = load_signer(folder, passphrase)
    (folder / SIGNING).rename(folder / f"signing-{old.keyid[:8]}.pem")
    return init(folder, passphrase)


def load_signer(folder: Path, passphrase: bytes | None = None) -> Signer:
    """Return the signer of a folder of keys: its key service, else its private key.

    A missing, open-to-others or locked key is a TrustError.
    """
    if kms.configured(folder):
        pem, sign = kms.read(folder)
        public = load_public(pem, str(Path(folder) / kms.NAME))
        return Signer(keyid(public), public_pem(public), sign)
    return load_private(Path(folder) / SIGNING, passphrase)


def load_private(path: Path, passphrase: bytes | None = None) -> Signer:
    """Return the signer of one PKCS 8 PEM file that holds an Ed25519 private key."""
    data = _read_private(path)
    try:
        key = form.load_pem_private_key(data, _passphrase(passphrase))
    except TypeError:
        locked = b"ENCRYPTED" in data
        what = "the key is locked with a passphrase" if locked else "a passphrase was given for an open key"
        raise TrustError(what, where=str(path), cure=f"set {PASSPHRASE_VARIABLE} accordingly") from None
    except ValueError:
        raise TrustError("not a private key, or a wrong passphrase", where=str(path)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise TrustError("not an Ed25519 key", where=str(path), cure="make one with `hallmark keys init`")
    public = key.public_key()
    return Signer(keyid(public), public_pem(public), key.sign)


def load_hmac(folder: Path) -> tuple[str, bytes]:
    """Return (key id, 32 key bytes) of a folder of keys; the id tells nothing about the key."""
    path = Path(folder) / HMAC
    key = _read_private(path)
    if len(key) != 32:
        raise TrustError(f"an HMAC key has 32 bytes, this file {len(key)}", where=str(path))
    return hmac.new(key, b"hallmark hmac key id", hashlib.sha256).hexdigest()[:16], key


@lru_cache(maxsize=64)  # a release asks for the same few keys once per certificate
def load_public(pem: str | bytes, where: str = "") -> Ed25519PublicKey:
    """Return the Ed25519 public key of a PEM text."""
    try:
        key = form.load_pem_public_key(pem.encode("ascii") if isinstance(pem, str) else pem)
    except (ValueError, UnicodeEncodeError):
        raise TrustError("not a public key in PEM form", where=where) from None
    if not isinstance(key, Ed25519PublicKey):
        raise TrustError("not an Ed25519 public key", where=where)
    return key


def keyid(public: Ed25519PublicKey) -> str:
    """Return the key id: hex SHA-256 of the SubjectPublicKeyInfo DER."""
    der = public.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def public_pem(public: Ed25519PublicKey) -> str:
    """Return the PEM text of a public key."""
    return public.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _new_private_pem(passphrase: bytes | None) -> bytes:
    secret = _passphrase(passphrase)
    lock = form.BestAvailableEncryption(secret) if secret else form.NoEncryption()
    return Ed25519PrivateKey.generate().private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock)


def _passphrase(given: bytes | None) -> bytes | None:
    return given or os.environ.get(PASSPHRASE_VARIABLE, "").encode() or None


def _create(path: Path, data: bytes) -> bool:
    """Write a new private file whole or not at all; False where another process was first."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def create_secret(path: Path, data: bytes) -> bool:
    """Write a secret of the project's own (0600) whole or not at all; False where one stands there already."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return not path.exists() and _create(path, data)


def read_secret(path: Path, cure: str) -> bytes:
    """Return a secret's bytes; a missing one, or one that others can read, is a TrustError with this cure."""
    return _read_private(path, cure)


def _read_private(path: Path, cure: str = _RUN_INIT) -> bytes:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        data = path.read_bytes()
    except FileNotFoundError:
        raise TrustError("no key here", where=str(path), cure=cure) from None
    except OSError as error:
        raise TrustError(f"the key cannot be read: {error.strerror}", where=str(path)) from None
    if os.name == "posix" and mode & 0o077:
        raise TrustError(
            f"others can read this key (mode {mode:04o})", where=str(path), cure=f"chmod 600 {path}"
        )
    return data
