"""`hallmark keys`: the project's signing and HMAC keys, reviewers' keys, and the trust file that names them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Optional

import typer

app = typer.Typer(
    help="Make, show, trust, rotate, revoke keys; private keys never lie in the project.",
    no_args_is_help=True,
)
TRUST = typer.Option(Path("trust.json"), help="Trust file that is changed")
LOCK = typer.Option(
    False, "--lock", help="Ask for a passphrase that locks the new key ($HALLMARK_PASSPHRASE opens it)"
)
DAY = ["%Y-%m-%d"]


@app.command("init")
def init(trust: Path = TRUST, lock: bool = LOCK) -> None:
    """Make the keys if there are none, and name the public key in the trust file."""
    from pipelines.sealing import keyring

    info, added = keyring.init(trust.resolve(), _passphrase(lock))
    typer.echo(f"{'made' if info.created else 'found'} keys in {info.folder} (signing key {info.keyid[:16]})")
    if added:
        typer.echo(f"named the public key in {trust}")
        if others := keyring.others(trust.resolve(), info.keyid):
            typer.echo(
                f"note: {trust} trusted {len(others)} other pipeline key{'s'[: len(others) > 1]} before "
                f"({', '.join(k[:16] for k in others)}) and still does: releases that either signed verify; "
                "if that is not meant, `hallmark keys revoke` the one that is not yours"
            )


def admit(path: Path, public_pem: str, role: str) -> bool:
    """Name a public key in the trust file at `path` (made if absent); False if it stood there already."""
    from pipelines.sealing import keyring

    return keyring.admit(path, public_pem, role)


@app.command("quarantine")
def quarantine() -> None:
    """Make the key that locks quarantine/ (`decide.quarantine: fernet`), if there is none."""
    from lineage import keys
    from pipelines.quarantine.vault import make_key

    path, made = make_key(keys.default_folder())
    typer.echo(
        f"{'made' if made else 'found'} {path}: without it nobody reads what it locks; keep a copy apart"
    )


@app.command("show")
def show() -> None:
    """Print the public key and the key ids."""
    from lineage import keys

    info = keys.init(keys.default_folder())
    typer.echo(f"signing key {info.keyid}\nHMAC key    {info.hmac_id}\n{info.public_pem}")


@app.command("list")
def trusted(trust: Path = TRUST) -> None:
    """Print the keys that the trust file names, and whether each counts today."""
    from lineage import trust as trusting

    known = trusting.load(trust, {}, Path.cwd())
    for key in known.keys:
        typer.echo(f"{key.keyid[:16]}  {key.role:<8}  {key.objection(datetime.now(UTC).date()) or 'counts'}")


@app.command("new")
def new(
    path: Path = typer.Argument(help="Where to write the private key"),
    role: str = typer.Option("reviewer", help="pipeline or reviewer"),
    lock: bool = LOCK,
) -> None:
    """Make a key for a person, for example a reviewer who counter-signs releases."""
    from lineage import keys

    info = keys.generate(role, path, _passphrase(lock))
    typer.echo(f"private key {path} (keep it), public key {path}.pub, id {info.keyid[:16]}")
    typer.echo(f"next: hallmark keys trust {path}.pub --role {role}")


@app.command("service")
def service(
    public: Path = typer.Option(..., "--public", help="File with the service's Ed25519 public key (PEM)"),
    command: Optional[str] = typer.Option(  # noqa: UP045
        None, help="Command that reads a message and writes its signature (64 bytes, or base64)"
    ),
    python: Optional[str] = typer.Option(None, help="module:function that takes and returns bytes"),  # noqa: UP045
    trust: Path = TRUST,
) -> None:
    """Let a key service (KMS, HSM, token) sign instead of a private key on this machine; tried before it is noted."""
    import shlex

    from lineage import keys, kms
    from pipelines.sealing import keyring

    pem = keys.public_pem(keys.load_public(public.read_bytes(), str(public)))
    words = shlex.split(command) if command else None
    path = kms.configure(keys.default_folder(), pem, command=words, python=python)
    keyring.init(trust.resolve(), None)
    typer.echo(f"{path}: the service signs from now on; its public key is named in {trust}")


@app.command("trust")
def trust_key(
    public: Path = typer.Argument(help="File with the public key (PEM)"),
    role: str = typer.Option("reviewer", help="pipeline or reviewer"),
    valid_from: Optional[datetime] = typer.Option(None, "--from", formats=DAY, help="First day it counts"),  # noqa: UP045
    valid_until: Optional[datetime] = typer.Option(None, "--until", formats=DAY, help="Last day it counts"),  # noqa: UP045
    trust: Path = TRUST,
) -> None:
    """Name somebody's public key in the trust file: from then on their signatures count."""
    from pipelines.sealing import keyring

    keyid, added = keyring.trust_key(trust.resolve(), public, role, _day(valid_from), _day(valid_until))
    typer.echo(f"{'named' if added else 'stood there already:'} key {keyid[:16]} as {role} in {trust}")


@app.command("rotate")
def rotate(
    retire: Optional[datetime] = typer.Option(None, formats=DAY, help="Last day on which the old key counts"),  # noqa: UP045
    trust: Path = TRUST,
    lock: bool = LOCK,
) -> None:
    """Put the signing key aside and make a new one; what the old one signed stays good until it is retired."""
    from pipelines.sealing import keyring

    old, made = keyring.rotate(trust.resolve(), _day(retire), _passphrase(lock))
    until = f"until {retire.date()}" if retire else "until it is retired or revoked"
    typer.echo(f"new signing key {made.keyid[:16]}, named in {trust}; {old.keyid[:16]} counts {until}")
    typer.echo("next: dvc repro --single-item --force publish, then seal a new version")


@app.command("revoke")
def revoke(
    keyid: str = typer.Argument(help="Key id, or its first 8 or more characters"),
    reason: str = typer.Option(..., help="Why; no personal data"),
    on: datetime | None = typer.Option(None, formats=DAY, help="Day of the revocation (default: today, UTC)"),
    trust: Path = TRUST,
) -> None:
    """Mark a key as revoked in the trust file: nothing that it signed counts any more."""
    from pipelines.sealing import keyring

    key = keyring.revoke(trust.resolve(), keyid, _day(on) or datetime.now(UTC).date(), reason)
    typer.echo(
        f"revoked the {key.role}'s key {key.keyid[:16]} in {trust}; send the file to everyone who verifies"
    )


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _passphrase(lock: bool) -> bytes | None:
    if not lock:
        return None
    return typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True).encode()
