"""Signing by somebody else: a key service behind a command or a Python function, named in `signer.json`.

The file lies in the folder of the keys in place of a private key:
{"public_pem": "...", "command": ["prog", "arg"]} or {"public_pem": "...", "python": "module:function"}.
A command reads the message on standard input and writes the 64 bytes of an Ed25519 signature, raw or in base64, to
standard output; a function takes and returns bytes. What comes back counts only if it is good under the public key.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature

from lineage.atomic import write_bytes
from lineage.errors import HallmarkError, TrustError

NAME = "signer.json"
SECONDS = 60.0
_CURE = "write it with `hallmark keys service`"


def configured(folder: Path) -> bool:
    """Say whether a folder of keys names a key service."""
    return (Path(folder) / NAME).is_file()


def configure(
    folder: Path, public_pem: str, *, command: list[str] | None = None, python: str | None = None
) -> Path:
    """Write `signer.json` (0600) after one trial signature; exactly one of `command` and `python` is given."""
    if bool(command) == bool(python):
        raise TrustError("name either a command or a Python function", where="hallmark keys service")
    body: dict[str, Any] = {"public_pem": public_pem} | (
        {"command": command} if command else {"python": python}
    )
    path = Path(folder) / NAME
    signer(body, str(path))(b"hallmark: a trial signature")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_bytes(path, (json.dumps(body, indent=1, sort_keys=True) + "\n").encode())
    path.chmod(0o600)
    return path


def read(folder: Path) -> tuple[str, Callable[[bytes], bytes]]:
    """Return (public key, what signs) of a folder's `signer.json`; one that others can write is a TrustError."""
    path = Path(folder) / NAME
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o022:
        raise TrustError("others can write this file", where=str(path), cure=f"chmod 600 {path}")
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        public_pem = body["public_pem"]
        if not isinstance(public_pem, str) or ("command" in body) == ("python" in body):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        raise TrustError("names no key service", where=str(path), cure=_CURE) from None
    return public_pem, signer(body, str(path))


def signer(body: dict[str, Any], where: str) -> Callable[[bytes], bytes]:
    """Return the function that asks the service and checks its answer; a wrong or late one is a TrustError."""
    from lineage.keys import load_public

    public = load_public(body["public_pem"], where)
    ask = _function(body["python"], where) if "python" in body else _command(body["command"], where)

    def sign(message: bytes) -> bytes:
        answer = _plain(ask(message))
        try:
            public.verify(answer, message)
        except InvalidSignature:
            raise TrustError("the key service's answer is no signature of this key", where=where) from None
        return answer

    return sign


def _plain(answer: bytes) -> bytes:
    """Return a signature of 64 bytes as it is, any other answer as base64."""
    if len(answer) == 64:
        return answer
    try:
        return base64.b64decode(b"".join(answer.split()), validate=True)
    except ValueError:
        return b""


def _command(command: list[str], where: str) -> Callable[[bytes], bytes]:
    def ask(message: bytes) -> bytes:
        try:
            done = subprocess.run(command, input=message, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise TrustError(f"the key service did not answer within {SECONDS:.0f} s", where=where) from None
        except OSError as error:
            raise TrustError(f"the key service cannot be started: {error.strerror}", where=where) from None
        if done.returncode:
            raise TrustError(
                f"the key service refused (exit code {done.returncode})",
                where=where,
                cure="run its command by hand",
            )
        return done.stdout

    return ask


def _function(name: str, where: str) -> Callable[[bytes], bytes]:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        raise TrustError(f"there is no {name!r}", where=where, cure="name it as module:function") from None

    def ask(message: bytes) -> bytes:
        try:
            return bytes(found(message))
        except HallmarkError:
            raise
        except Exception as error:  # a key service's library raises kinds of its own
            raise TrustError(f"the key service failed: {type(error).__name__}", where=where) from None

    return ask
