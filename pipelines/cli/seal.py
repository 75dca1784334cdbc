"""`hallmark release`, `certify`, `journal`, `diff`, `gate`, `pull`: what happens to a release after it was built."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Optional

import typer

MATERIAL = 4
PLACE = "a folder, or an address as for `hallmark pull`"
STORE = "Store of shards by digest, as `hallmark release store` fills it; the rest comes from REMOTE"
JUDGE = typer.Option(None, help="Policy whose block `material` judges (default: the old one's)")

release = typer.Typer(help="Seal releases, name the newest.", no_args_is_help=True)
journal = typer.Typer(help="The operator journal: who did what, chained by hash.", no_args_is_help=True)
TRUST = typer.Option(None, help="Trust file or public key (default: $HALLMARK_TRUST, then ./trust.json)")
ACTOR = typer.Option("", help="Pseudonym of who acts (default: $HALLMARK_ACTOR, then the account's name)")
JSON = typer.Option(False, "--json", help="Print JSON")
TODAY = typer.Option(None, formats=["%Y-%m-%d"], help="Act as on this day (default: today, UTC)")


def register(app: typer.Typer) -> None:
    """Add this module's commands to the program."""
    app.add_typer(release, name="release")
    app.add_typer(journal, name="journal")
    app.command("certify")(certify)
    app.command("diff")(diff)
    app.command("gate")(gate)
    app.command("pull")(pull)


@release.command("seal")
def seal(
    days: int = typer.Option(90, min=1, help="Days that the record of the newest release holds"),
    trust: Optional[Path] = TRUST,  # noqa: UP045
    today: Optional[datetime] = TODAY,  # noqa: UP045
    actor: str = ACTOR,
) -> None:
    """Fix the version in release/ for good in history/, and sign which release is the newest."""
    from pipelines.project import Project
    from pipelines.sealing.seal import seal as sealed

    project = Project.find()
    record = sealed(project, _trust(trust, project.root), days=days, today=_day(today), actor=actor)
    version = record["version"]
    typer.echo(f"sealed {record['dataset']} {version}: certificate {record['certificate']['id']}")
    typer.echo(f"next: git add . && git commit -m 'Seal {version}' && git tag v{version}")


@release.command("latest")
def latest(
    days: int = typer.Option(90, min=1, help="Days that the record holds"),
    trust: Optional[Path] = TRUST,  # noqa: UP045
    today: Optional[datetime] = TODAY,  # noqa: UP045
) -> None:
    """Sign anew which release is the newest, with the certificates revoked since."""
    from pipelines.project import Project
    from pipelines.sealing.newest import renew

    project = Project.find()
    until = renew(project, _trust(trust, project.root), days=days, today=_day(today))
    typer.echo(f"history/latest.dsse.json holds until {until}")


@release.command("list")
def sealed_releases(as_json: bool = JSON) -> None:
    """Print the sealed releases, oldest first; a broken chain is an error."""
    from pipelines.project import Project
    from pipelines.sealing.seals import records

    found = records(Project.find().root / "history")
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    for r in found:
        published = r["flow"]["kept"] + r["flow"]["redacted"]
        typer.echo(
            f"{r['seq']}  {r['version']}  {r['sealed']}  {published} documents  {r['certificate']['id']}"
        )
    typer.echo(f"{len(found)} sealed; the chain holds")


@release.command("store")
def store(
    address: str = typer.Argument(help="Folder or fsspec address (s3://BUCKET/shards) of the store"),
    path: Path = typer.Option(Path("release"), "--release", help="Folder of the release"),
    trust: Optional[Path] = TRUST,  # noqa: UP045
    today: Optional[datetime] = TODAY,  # noqa: UP045
) -> None:
    """Copy the certified shards of a release to a store that names each by its digest; what is there already stays."""
    from pipelines.sealing.objects import store as stored

    done = stored(path, address, _trust(trust, Path.cwd(), path), today=_day(today))
    typer.echo(f"{done.sent} shards sent ({done.bytes / 1e6:.1f} MB), {done.present} were there")


def certify(
    path: Path = typer.Argument(help="Folder of the release"),
    key: Path = typer.Option(..., help="Private key of the reviewer"),
    trust: Optional[Path] = TRUST,  # noqa: UP045
    countersignatures: Path = typer.Option(Path("countersignatures"), help="Folder that gets the signatures"),
    deep: bool | None = typer.Option(
        None, help="Also recount the books and hash every text (default: with pyarrow)"
    ),
    today: Optional[datetime] = TODAY,  # noqa: UP045
    actor: str = ACTOR,
) -> None:
    """Verify a release, then sign its certificates as a reviewer: what `certified` needs."""
    from pipelines.sealing.review import countersign

    known, day = _trust(trust, Path.cwd(), path), _day(today)
    report, target = countersign(path, key, known, countersignatures, deep=deep, today=day, actor=actor)
    typer.echo(report.text())
    if not report.deep:
        typer.echo("  note: texts were not hashed one by one; --deep does, with pip install 'hallmark[load]'")
    typer.echo(f"signed: {target}")


@journal.command("verify")
def verify_journal(trust: Optional[Path] = TRUST) -> None:  # noqa: UP045
    """Check the chain, its end, what was pruned, the signatures, and that it continues what every seal states."""
    from pipelines.project import Project
    from pipelines.sealing.diary import journal_report

    root = Project.find().root
    lines, good = journal_report(root, _trust(trust, root))
    typer.echo("\n".join(lines))
    if not good:
        raise typer.Exit(1)


@journal.command("show")
def show_journal(
    event: Optional[str] = typer.Option(None, help="Only entries of this kind"),  # noqa: UP045
    last: int = typer.Option(50, min=1, help="At most so many, the newest"),
    as_json: bool = JSON,
) -> None:
    """Print the journal's entries."""
    from pipelines.project import Project
    from pipelines.sealing.diary import entries_report

    typer.echo(entries_report(Project.find().root, event=event, last=last, as_json=as_json))


@journal.command("waive")
def waive(
    gate_id: str = typer.Argument(metavar="GATE", help="Gate of the policy that is waived"),
    approver: str = typer.Option(..., help="Pseudonym of who answers for it"),
    reason: str = typer.Option(..., help="Why; no personal data"),
    expires: datetime = typer.Option(..., formats=["%Y-%m-%d"], help="Last day on which it holds"),
    key: Optional[Path] = typer.Option(None, help="The approver's private key, to sign the entry"),  # noqa: UP045
) -> None:
    """Note that a gate is waived until a day, by whom and why."""
    from pipelines.project import Project
    from pipelines.sealing.diary import note_waiver

    entry = note_waiver(Project.find(), gate_id, approver, reason, expires.date().isoformat(), key)
    typer.echo(f"entry {entry['seq']}: gate {gate_id} waived until {entry['facts']['expires']}")


@journal.command("review")
def review(
    key: Path = typer.Option(..., help="Private key of the reviewer"),
    actor: str = ACTOR,
) -> None:
    """Sign the reviews as they stand: the digest of every file in reviews/, under the reviewer's key."""
    from pipelines.project import Project
    from pipelines.sealing.diary import note_reviews

    entry = note_reviews(Project.find(), key, actor)
    typer.echo(f"entry {entry['seq']}: {len(entry['facts']['files'])} files signed")


@journal.command("prune")
def prune(
    before: datetime = typer.Option(
        ..., formats=["%Y-%m-%d"], help="First day that stays; at least six months ago"
    ),
    archive: Optional[Path] = typer.Option(None, help="File that gets the pruned lines"),  # noqa: UP045
    actor: str = ACTOR,
) -> None:
    """Take old entries off the front; the chain goes on from an anchor, and an entry says who pruned."""
    from lineage import journal as book
    from pipelines.project import Project

    path, day = Project.find().root / book.FILE, _day(before)
    gone = book.prune(path, day, _day(None), actor=actor, archive=archive)
    typer.echo(f"{gone} entries pruned")


def diff(
    old: str = typer.Argument(help=f"The older release: {PLACE}"),
    new: str = typer.Argument(help=f"The newer release: {PLACE}"),
    policy: Optional[Path] = JUDGE,  # noqa: UP045
    trust: Optional[Path] = TRUST,  # noqa: UP045
    as_json: bool = JSON,
) -> None:
    """Say what changed between two releases, and whether the change is material; exit 0 either way."""
    from lineage.errors import TrustError

    try:
        known = _trust(trust, Path.cwd())
    except TrustError:
        if trust:
            raise
        known = None
    _compared(old, new, policy, known, as_json)


def gate(
    old: str = typer.Argument(
        help=f"The release in use: {PLACE}, or `sealed`: the newest sealed one, by its tag"
    ),
    new: str = typer.Argument(help=f"The release that shall replace it: {PLACE}"),
    policy: Optional[Path] = JUDGE,  # noqa: UP045
    trust: Optional[Path] = TRUST,  # noqa: UP045
    as_json: bool = JSON,
) -> None:
    """As `diff` on two signed releases, with exit code 4 where the change is material."""
    if _compared(old, new, policy, _trust(trust, Path.cwd()), as_json)["material"]["verdict"]:
        raise typer.Exit(MATERIAL)


def _compared(old: str, new: str, policy: Path | None, known, as_json: bool) -> dict:
    from tempfile import TemporaryDirectory

    from pipelines.sealing import manifests
    from pipelines.sealing.words import change_report

    with TemporaryDirectory() as scratch:
        pair = [
            manifests.open_any(spec, known, Path(scratch) / age) for spec, age in ((old, "old"), (new, "new"))
        ]
        rules = manifests.policy_rules(policy) if policy else None
        found = manifests.compare(*pair, rules)
    text = (
        json.dumps(found, ensure_ascii=False, indent=1)
        if as_json
        else change_report(found, signed=bool(known))
    )
    typer.echo(text)
    return found


def pull(
    remote: str = typer.Argument(
        help="REPO[@REV] (DVC), s3://..., hf://..., another fsspec address, or a folder"
    ),
    to: Path = typer.Option(..., help="New folder that gets the verified files"),
    shards: list[str] | None = typer.Option(
        None, help="Only these parts: source/part or shard path, * matches"
    ),
    path: str = typer.Option("release", help="Where the release lies in the repository"),
    require: Optional[list[str]] = typer.Option(None, help="As for `hallmark verify`"),  # noqa: UP045
    latest: Optional[Path] = typer.Option(None, help="Signed record of the newest release"),  # noqa: UP045
    countersignatures: Optional[Path] = typer.Option(None, help="Folder of countersignatures"),  # noqa: UP045
    objects: Optional[str] = typer.Option(None, help=STORE),  # noqa: UP045
    trust: Optional[Path] = TRUST,  # noqa: UP045
) -> None:
    """Fetch a release or chosen shards, verify, and hand over what a trusted key certified; else nothing."""
    from pipelines.sealing.pull import pull as pulled
    from pipelines.sealing.remote import open_remote, open_store

    done = pulled(
        open_remote(remote, path),
        to,
        trust=_trust(trust, Path.cwd(), to),
        shards=shards or None,
        require=require or (),
        latest=latest,
        countersignatures=countersignatures,
        objects=open_store(objects) if objects else None,
    )
    typer.echo(done.report.text())
    typer.echo(f"in {done.target}")


def _trust(given: Path | None, root: Path, path: Path | None = None):
    import os

    from lineage import trust

    return trust.load(given, os.environ, root, release=path)


def _day(text: datetime | None):
    from datetime import UTC

    return text.date() if text else datetime.now(UTC).date()
