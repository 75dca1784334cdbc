"""Attacks on what lies beside a release: removal ledger, checkpoint, trust root, newest record.

Each returns what the reader of that file says; the reader is the one that commands use.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import small_release as small

from lineage import journal, keys, latest, ledger, trust
from lineage.errors import HallmarkError

ORIGIN = "example.org/corpus"


class Beside(NamedTuple):
    """One attack: what is done, how (folder -> the reason given, or None when it passed), words of the reason."""

    what: str
    act: Callable[[Path], str | None]
    reason: str
    command: str


def refused(read: Callable[[], object]) -> str | None:
    """Return the reason with which a reader refuses; None where it does not."""
    try:
        read()
    except HallmarkError as error:
        return f"{error.where}: {error.what}"
    return None


def chain(folder: Path) -> Path:
    """Return a ledger of three entries."""
    path = folder / "ledger.jsonl"
    for number in range(3):
        ledger.append(
            path, {"event": "reject", "target": number, "received_on": "2026-03-01", "reason": "demo"}
        )
    return path


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], str | None]:
    def act(folder: Path) -> str | None:
        path = chain(folder)
        assert refused(lambda: ledger.entries(path)) is None
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
        return refused(lambda: ledger.entries(path))

    return act


def _flipped(data: bytes, at: float) -> bytes:
    """Return data with one bit changed at a fraction of its length."""
    changed = bytearray(data)
    changed[min(int(len(data) * at), len(data) - 1)] ^= 0x04
    return bytes(changed)


def _head(folder: Path) -> str | None:
    path = chain(folder)
    head = path.with_name(ledger.HEAD)
    head.write_bytes(_flipped(head.read_bytes(), 0.5))
    return refused(lambda: ledger.entries(path))


def _old_head(folder: Path) -> str | None:
    """Exchange ledger and head together for a shorter, sound one; the release remembers how far it went."""
    path = chain(folder)
    known = ledger.head(ledger.entries(path))._asdict()
    (folder / "short").mkdir()
    short = folder / "short" / "ledger.jsonl"
    ledger.append(short, {"event": "reject", "target": 0, "received_on": "2026-03-01", "reason": "demo"})
    found = ledger.problems(short, known)
    return found[0].what if found else None


def _signed_note(change: Callable[[bytes], bytes], origin: str = ORIGIN) -> Callable[[Path], str | None]:
    def act(folder: Path) -> str | None:
        signer = small.signer(folder)
        note = latest.checkpoint(ORIGIN, ["ab" * 32, "cd" * 32], signer)
        assert latest.read_checkpoint(note, ORIGIN, signer.public_pem)[0] == 2
        return refused(lambda: latest.read_checkpoint(change(note), origin, signer.public_pem))

    return act


def _stranger_note(folder: Path) -> str | None:
    note = latest.checkpoint(ORIGIN, ["ab" * 32], small.signer(folder, "stranger"))
    return refused(lambda: latest.read_checkpoint(note, ORIGIN, small.signer(folder).public_pem))


def _trust(change: Callable[[dict], object]) -> Callable[[Path], str | None]:
    def act(folder: Path) -> str | None:
        data = trust.trust_file([trust.trust_entry(small.signer(folder).public_pem, "pipeline")])
        trust.parse(data)
        body = json.loads(data)
        changed = change(body)
        text = changed if isinstance(changed, bytes) else json.dumps(body).encode()
        return refused(lambda: trust.parse(text))

    return act


def _other_key(body: dict, folder: Path | None = None) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    body["keys"][0]["public_pem"] = keys.public_pem(
        Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    )


def _journal(folder: Path) -> str | None:
    path = folder / "journal.jsonl"
    for gate in ("a", "b"):
        journal.append(path, "latest", {"version": gate, "valid_until": "2027-01-01"}, actor="op")
    assert not journal.read(path).problems
    path.write_bytes(path.read_bytes().replace(b'"version":"a"', b'"version":"z"'))
    return (journal.read(path).problems or [None])[0]


REMOVE, CHECK = "hallmark remove verify, decide, publish", "hallmark verify"
ATTACKS = (
    Beside("flip a bit of a ledger line", _lines(lambda x: [x[0], x[1].replace(b"demo", b"dema"), x[2]]),
           "was changed after it was written", REMOVE),
    Beside("take a line out of the ledger", _lines(lambda x: [x[0], x[2]]), "stands where entry 2 belongs", REMOVE),
    Beside("cut the last line off the ledger", _lines(lambda x: x[:2]), "has 2 entries", REMOVE),
    Beside("swap two lines of the ledger", _lines(lambda x: [x[0], x[2], x[1]]), "stands where entry 2", REMOVE),
    Beside("repeat a line of the ledger", _lines(lambda x: [*x, x[0]]), "repeats line 1", REMOVE),
    Beside("flip a bit of the ledger's head", _head, "head", REMOVE),
    Beside("exchange ledger and head for shorter ones", _old_head, "does not continue", REMOVE),
    Beside("flip a bit of a journal line", _journal, "", "hallmark journal verify"),
    *(Beside(f"flip a bit of the checkpoint, {name}", _signed_note(lambda d, a=at: _flipped(d, a)), "checkpoint",
             "hallmark release list") for name, at in (("first byte", 0.0), ("middle byte", 0.4))),
    Beside("show a checkpoint of another history's origin", _signed_note(bytes, "example.org/other"),
           "another origin", "hallmark release list"),
    Beside("sign a checkpoint with a stranger's key", _stranger_note, "not signed by this key",
           "hallmark release list"),
    Beside("put another key under a trusted id", _trust(_other_key), "does not belong to its key", CHECK),
    Beside("flip a bit of the trust root", _trust(lambda b: _flipped(json.dumps(b).encode(), 0.02)), "", CHECK),
    Beside("give a trusted key a role that does not exist", _trust(lambda b: b["keys"][0].update(role="root")),
           "unknown field or role", CHECK),
    Beside("lower a threshold of the trust root to nothing",
           _trust(lambda b: b["thresholds"]["screened"].update(pipeline=0)), "at least one pipeline key", CHECK),
    Beside("name a key twice in the trust root", _trust(lambda b: b["keys"].append(dict(b["keys"][0]))),
           "a key twice", CHECK),
    Beside("put a JSON key twice into the trust root",
           _trust(lambda b: b'{"schema": "x", ' + json.dumps(b).encode()[1:]), "same key twice", CHECK),
    Beside("empty the trust root", _trust(lambda b: b["keys"].clear()), "names no key", CHECK),
)  # fmt: skip


def table() -> str:
    """Return the Markdown table of these attacks."""
    rows = {a.what.split(", ")[0] if "byte" in a.what else a.what: a for a in ATTACKS}
    lines = ["| attack beside the release | refused by | the reason says |", "|---|---|---|"]
    return "\n".join(
        [
            *lines,
            *(
                f"| {what} | `{a.command}` | {a.reason or 'what broke, and where'} |"
                for what, a in rows.items()
            ),
        ]
    )
