"""The journal of one project: what is noted by commands, and what a look at it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lineage import journal, keys
from lineage.digests import sha256_file
from lineage.errors import HallmarkError, InputError
from lineage.trust import Trust
from lineage.verify.report import printable
from pipelines.project import Project
from pipelines.sealing import runs
from pipelines.sealing.seals import records


def note(
    root: Path, event: str, facts: dict[str, Any], *, actor: str = "", key: Path | None = None
) -> dict[str, Any]:
    """Add an entry to the journal of the project in `root` unless its last entry of this kind says the same."""
    path = root / journal.FILE
    same = [e for e in journal.read(path).entries if e["event"] == event]
    if same and same[-1]["facts"] == facts and key is None:
        return same[-1]
    signer = keys.load_private(key) if key else None
    return journal.append(path, event, facts, actor=actor, signer=signer)


def note_waiver(
    project: Project, gate: str, approver: str, reason: str, expires: str, key: Path | None
) -> dict[str, Any]:
    """Note that a gate of the policy in force is waived until a day; a gate it does not have is an InputError."""
    from stages.decide.policy import load_policy

    gates = {g.id: g for g in load_policy(project.policy_path).gates}
    if gate not in gates:
        raise InputError(
            f"the policy has no gate {gate!r}", where=str(project.policy_path), cure=", ".join(gates)
        )
    if not gates[gate].may_be_waived:
        raise InputError(
            f"gate {gate!r} cannot be waived", where=str(project.policy_path), cure="mend the cause"
        )
    facts = {"gate": gate, "approver": approver, "reason": reason, "expires": expires}
    return note(project.root, "waiver", facts, actor=approver, key=key)


def note_reviews(project: Project, key: Path, actor: str = "") -> dict[str, Any]:
    """Sign the digests of all files in reviews/ with a reviewer's key; no file there is an InputError."""
    folder = project.root / "reviews"
    files = [f"{p.name} {sha256_file(p)}" for p in sorted(folder.glob("*.jsonl"))]
    if not files:
        raise InputError("there are no reviews to sign", where=str(folder))
    return note(project.root, "review", {"files": files}, actor=actor, key=key)


def note_policy(project: Project, actor: str = "") -> dict[str, Any]:
    """Note the policy in force, once per change of its bytes."""
    from stages.decide.policy import load_policy

    policy = load_policy(project.policy_path)
    facts = {"policy": policy.policy, "version": policy.version, "sha256": policy.sha256}
    return note(project.root, "policy", facts, actor=actor)


def note_ledger(project: Project, actor: str = "") -> dict[str, Any] | None:
    """Note how far the removal ledger goes, once per change; None while it is empty."""
    head = ledger_head(project.root)
    return note(project.root, "removal", head, actor=actor) if head["entries"] else None


def ledger_head(root: Path) -> dict[str, Any]:
    """Return {entries, head_hash} of the removal ledger of a project."""
    from lineage import ledger

    return ledger.head(ledger.entries(root / "ledger" / "ledger.jsonl"))._asdict()


def journal_report(root: Path, trust: Trust) -> tuple[list[str], bool]:
    """Return what is wrong with the journal of a project, or that nothing is, and whether it is sound."""
    found = journal.read(root / journal.FILE)
    wrong = list(found.problems) or journal.signature_problems(found, trust)
    try:
        sealed = records(root / "history")
    except HallmarkError as error:
        return [*wrong, str(error)], False
    if sealed:
        gone = runs.altered(root / "runs", sealed[-1]["runs"])
        wrong += [f"the run record {name} is not the one that was sealed" for name in gone]
    for record in sealed:
        if not journal.continues(found, record["journal"]):
            wrong.append(f"the journal does not continue what the seal of {record['version']} states")
    if wrong:
        return wrong, False
    signed = sum("signature" in entry for entry in found.entries)
    pruned = f", {found.anchor['seq']} pruned" if found.anchor else ""
    return [
        f"good: {len(found.entries)} entries{pruned}, {signed} signed, {len(sealed)} seals continued"
    ], True


def entries_report(root: Path, *, event: str | None, last: int, as_json: bool) -> str:
    """Return the newest entries, one line each, or as JSON; a kind that nobody knows is an InputError."""
    if event is not None and event not in journal.EVENTS:
        raise InputError(f"the journal knows no event {event!r}", cure=", ".join(journal.EVENTS))
    found = journal.read(root / journal.FILE)
    chosen = [e for e in found.entries if event in (None, e["event"])][-last:]
    if as_json:
        return json.dumps(chosen, ensure_ascii=False, indent=1)
    lines = [f"{e['seq']:>5}  {e['at']}  {e['actor']}  {e['event']}  {_facts(e['facts'])}" for e in chosen]
    broken = [f"NOT SOUND: {what}" for what in found.problems]
    return "\n".join(printable(line) for line in [*(lines or ["no entries"]), *broken])


def _facts(facts: dict[str, Any]) -> str:
    return "  ".join(f"{name}={value}" for name, value in facts.items())
