"""The operator journal: who did what to policy, waivers, reviews, keys, removals and seals, chained by hash.

One line per entry, the RFC 8785 form of {schema, seq, prev_hash, at, actor, event, facts, [signature,] entry_hash}.
A head file beside it makes lines missed that were cut off the end. Entries are kept for at least six months: pruning
takes whole entries off the front, never younger ones, and leaves an anchor from which the chain goes on.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from lineage import canonical, dsse
from lineage.atomic import write_bytes
from lineage.digests import sha256_bytes
from lineage.errors import HallmarkError, InputError, TrustError
from lineage.keys import Signer, load_public
from lineage.trust import Trust

SCHEMA = "urn:hallmark:journal:1"
PAYLOAD = "application/vnd.hallmark.journal+json"
GENESIS = "0" * 64
FILE, HEAD = "journal/journal.jsonl", "head.json"
RETENTION_MONTHS = 6
LINE_LIMIT = 1 << 20
ACTOR_VARIABLE = "HALLMARK_ACTOR"

#: Every event and the facts that its entry must state.
EVENTS: dict[str, tuple[str, ...]] = {
    "policy": ("policy", "version", "sha256"),
    "waiver": ("gate", "approver", "reason", "expires"),
    "review": ("files",),
    "key": ("act", "keyid", "role"),
    "removal": ("entries", "head_hash"),
    "retention": ("as_of", "before", "sources"),
    "certify": ("version", "certificate", "keyid"),
    "seal": ("version", "certificate"),
    "latest": ("version", "valid_until"),
    "prune": ("through", "entry_hash", "at"),
}
_CURE = "restore the journal from git"


class Journal(NamedTuple):
    """What a journal file holds: the anchor left by pruning (None without), entries, and what is wrong."""

    anchor: dict[str, Any] | None
    entries: list[dict[str, Any]]
    problems: list[str]

    @property
    def head(self) -> dict[str, Any]:
        """Return {entries, head_hash}: how far the journal goes; what a seal binds."""
        last = self.entries[-1] if self.entries else self.anchor
        return {
            "entries": last["seq"] if last else 0,
            "head_hash": last["entry_hash"] if last else GENESIS,
        }


def default_actor() -> str:
    """Return who acts: $HALLMARK_ACTOR (a pseudonym), else the name of the account."""
    return os.environ.get(ACTOR_VARIABLE) or getpass.getuser()


def append(
    path: Path,
    event: str,
    facts: Mapping[str, Any],
    *,
    actor: str = "",
    at: datetime | None = None,
    signer: Signer | None = None,
) -> dict[str, Any]:
    """Chain one entry to the journal at `path`, written whole or not at all, and return it.

    `facts`: strings, integers, lists of them; no personal value. `at` defaults to now; a clock that went back is
    set to the time of the entry before. `signer` puts a person's signature under the entry. A journal whose chain
    is broken is a TrustError: nothing is added to it.
    """
    _check(event, facts)
    with _locked(path):
        before = _sound(path)
        entry = _next(before, event, facts, actor, at or datetime.now(UTC), signer)
        _write(path, [*_lines(before), entry])
    return entry


def read(path: Path) -> Journal:
    """Return everything a journal holds and everything that is wrong with it; an absent one is empty and sound."""
    data = Path(path).read_bytes() if Path(path).is_file() else b""
    anchor, entries, wrong = None, [], []
    for number, line in enumerate(data.splitlines(), 1):
        entry = _parse(line)
        if entry is None:
            wrong.append(f"line {number} is not a journal line")
        elif number == 1 and entry["event"] == "anchor":
            anchor = entry
        else:
            wrong += _objections(entry, line, Journal(anchor, entries, []).head)
            entries.append(entry)
    if data and not data.endswith(b"\n"):
        wrong.append("the last line is cut off")
    found = Journal(anchor, entries, wrong)
    if not wrong:
        wrong += _order(found) + _retention(found) + _end(path, found)
    return found


def signature_problems(found: Journal, trust: Trust) -> list[str]:
    """Return one line per entry whose signature is not that of the key it names, or whose key is not trusted."""
    known = {key.keyid: key.public_pem for key in trust.keys}
    wrong = []
    for entry in found.entries:
        if "signature" not in entry:
            continue
        keyid, body = entry["signature"]["keyid"], _unsigned(entry)
        if keyid not in known:
            wrong.append(f"entry {entry['seq']} is signed by a key that is not trusted")
        elif not _signed_by(known[keyid], body, entry["signature"]["sig"]):
            wrong.append(f"entry {entry['seq']} does not carry the signature of its key")
    return wrong


def continues(found: Journal, known: Mapping[str, Any]) -> bool:
    """Say whether the journal continues one of which only {entries, head_hash} is known; pruned ones count."""
    if known["entries"] == 0 or (found.anchor and known["entries"] < found.anchor["seq"]):
        return True
    ends = {e["seq"]: e["entry_hash"] for e in [*([found.anchor] if found.anchor else []), *found.entries]}
    return ends.get(known["entries"]) == known["head_hash"]


def prune(path: Path, before: date, today: date, *, actor: str = "", archive: Path | None = None) -> int:
    """Take the entries made before a day off the front, note that in the journal, and return how many.

    A day less than six months before `today` is an InputError. `archive`: file that gets the lines first. Waivers
    still in force stay, and everything after them.
    """
    if before > keep_from(today):
        cure = f"entries are kept for {RETENTION_MONTHS} months: prune before {keep_from(today)}"
        raise InputError(f"the journal of {before} must still be kept", where=str(path), cure=cure)
    with _locked(path):
        found = _sound(path)
        gone = _prefix(found.entries, before, today)
        if not gone:
            return 0
        if archive is not None:
            if archive.exists():
                raise InputError("there is a file already", where=str(archive), cure="name another file")
            write_bytes(archive, _text(_lines(Journal(found.anchor, gone, []))))
        last = gone[-1]
        anchor = {"schema": SCHEMA, "event": "anchor"} | {k: last[k] for k in ("seq", "at", "entry_hash")}
        kept = Journal(anchor, found.entries[len(gone) :], [])
        facts = {"through": last["seq"], "entry_hash": last["entry_hash"], "at": last["at"]}
        at = datetime(today.year, today.month, today.day, tzinfo=UTC)
        _write(path, [*_lines(kept), _next(kept, "prune", facts, actor, at, None)])
    return len(gone)


def keep_from(today: date) -> date:
    """Return the first day whose entries must still be kept: six months before `today`."""
    years, month = divmod(today.year * 12 + today.month - 1 - RETENTION_MONTHS, 12)
    for day in range(today.day, 0, -1):
        try:
            return date(years, month + 1, day)
        except ValueError:  # the month is shorter
            continue
    raise AssertionError  # every month has a first day


def waivers(found: Journal, today: date) -> list[dict[str, Any]]:
    """Return the waivers in force: facts of `waiver` entries that have not ended, oldest first."""
    given = [e["facts"] for e in found.entries if e["event"] == "waiver"]
    return [facts for facts in given if date.fromisoformat(facts["expires"]) >= today]


def _check(event: str, facts: Mapping[str, Any]) -> None:
    if event not in EVENTS:
        raise InputError(f"the journal knows no event {event!r}", cure=", ".join(EVENTS))
    if missing := [name for name in EVENTS[event] if facts.get(name) in (None, "")]:
        raise InputError(f"an entry {event!r} must state {', '.join(missing)}")
    if event == "waiver":
        try:
            date.fromisoformat(facts["expires"])
        except (TypeError, ValueError):
            raise InputError("a waiver must end on a day (YYYY-MM-DD)") from None


def _next(
    before: Journal, event: str, facts: Mapping[str, Any], actor: str, at: datetime, signer: Signer | None
) -> dict[str, Any]:
    time, head = at.astimezone(UTC).isoformat(timespec="seconds"), before.head
    last = before.entries[-1] if before.entries else before.anchor
    body = {
        "schema": SCHEMA,
        "seq": head["entries"] + 1,
        "prev_hash": head["head_hash"],
        "at": max(time, last["at"]) if last else time,
        "actor": actor or default_actor(),
        "event": event,
        "facts": dict(facts),
    }
    if signer is not None:
        signature = signer.sign(dsse.pae(PAYLOAD, canonical.plain_dumps(body)))
        body["signature"] = {"keyid": signer.keyid, "sig": dsse.to_base64(signature)}
    return body | {"entry_hash": _hash(body)}


def _hash(entry: Mapping[str, Any]) -> str:
    return sha256_bytes(canonical.plain_dumps({k: v for k, v in entry.items() if k != "entry_hash"}))


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        entry = canonical.loads(line, limit=LINE_LIMIT)
        kinds = {"seq": int, "at": str, "event": str, "entry_hash": str}
        sound = entry["schema"] == SCHEMA and all(type(entry[k]) is t for k, t in kinds.items())
        if entry["event"] != "anchor":
            sound = sound and type(entry["facts"]) is dict and type(entry["actor"]) is str
            datetime.fromisoformat(entry["at"])
        return entry if sound else None
    except (HallmarkError, KeyError, TypeError, ValueError):
        return None


def _objections(entry: Mapping[str, Any], line: bytes, head: Mapping[str, Any]) -> Iterator[str]:
    if _hash(entry) != entry["entry_hash"] or canonical.plain_dumps(entry) != line:
        yield f"entry {entry['seq']} was changed after it was written"
    if entry["seq"] != head["entries"] + 1:
        yield f"entry {entry['seq']} stands where entry {head['entries'] + 1} belongs"
    elif entry.get("prev_hash") != head["head_hash"]:
        yield f"entry {entry['seq']} does not follow from the one before it"
    try:
        _check(entry["event"], entry["facts"])
    except InputError as error:
        yield f"entry {entry['seq']}: {error.what}"


def _order(found: Journal) -> list[str]:
    times = [e["at"] for e in [*([found.anchor] if found.anchor else []), *found.entries]]
    return [] if times == sorted(times) else ["the entries are not in order of time"]


def _retention(found: Journal) -> list[str]:
    """Check that what was pruned was noted, and was old enough when it was pruned."""
    noted = [e for e in found.entries if e["event"] == "prune"]
    wrong = []
    if found.anchor:
        named = {(e["facts"]["through"], e["facts"]["entry_hash"]) for e in noted}
        if (found.anchor["seq"], found.anchor["entry_hash"]) not in named:
            wrong.append("entries are missing at the front and no entry says who pruned them")
    for entry in noted:
        if date.fromisoformat(entry["facts"]["at"][:10]) >= keep_from(date.fromisoformat(entry["at"][:10])):
            wrong.append(
                f"entry {entry['seq']} pruned entries that had to be kept for {RETENTION_MONTHS} months"
            )
    return wrong


def _end(path: Path, found: Journal) -> list[str]:
    head = Path(path).with_name(HEAD)
    if not head.is_file():
        return (
            [f"{HEAD} is missing, so lines cut off the end would not be seen"]
            if found.head["entries"]
            else []
        )
    try:
        noted = canonical.loads(head.read_bytes(), limit=1 << 16)
        if continues(found, noted) and noted["entries"] <= found.head["entries"]:
            return []
        return [f"{HEAD} names {noted['entries']} entries with another end"]
    except (HallmarkError, KeyError, TypeError):
        return [f"{HEAD} cannot be read"]


def _prefix(entries: list[dict[str, Any]], before: date, today: date) -> list[dict[str, Any]]:
    gone = []
    for entry in entries:
        in_force = entry["event"] == "waiver" and date.fromisoformat(entry["facts"]["expires"]) >= today
        if entry["at"][:10] >= before.isoformat() or in_force:
            break
        gone.append(entry)
    return gone


def _sound(path: Path) -> Journal:
    found = read(path)
    if found.problems:
        raise TrustError(f"the journal is broken: {found.problems[0]}", where=str(path), cure=_CURE)
    return found


def _unsigned(entry: Mapping[str, Any]) -> bytes:
    body = {k: v for k, v in entry.items() if k not in ("entry_hash", "signature")}
    return dsse.pae(PAYLOAD, canonical.plain_dumps(body))


def _signed_by(public_pem: str, message: bytes, signature: str) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        load_public(public_pem).verify(dsse.from_base64(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _lines(found: Journal) -> list[dict[str, Any]]:
    return [*([found.anchor] if found.anchor else []), *found.entries]


def _text(entries: list[dict[str, Any]]) -> bytes:
    return b"".join(canonical.plain_dumps(entry) + b"\n" for entry in entries)


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write the journal, then its head: after a crash in between the chain goes on from the older head."""
    write_bytes(path, _text(lines))
    head = {"entries": lines[-1]["seq"], "head_hash": lines[-1]["entry_hash"]}
    write_bytes(path.with_name(HEAD), canonical.plain_dumps(head) + b"\n")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time write: a lock on the journal's folder, which leaves no file behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # not on Windows: there a lost entry shows as a head that names another end
        yield
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
