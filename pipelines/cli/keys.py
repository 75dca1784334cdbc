"""`hallmark keys`: the project's signing and HMAC keys, and reviewers' keys."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(help="Make and show keys; private keys never lie in the project.", no_args_is_help=True)


@app.command("init")
def init(
    trust: Path = typer.Option(Path("trust.json"), help="Trust file that gets the public key"),
) -> None:
    """Make the keys if there are none, and name the public key in the trust file."""
    from lineage import keys

    info = keys.init(keys.default_folder())
    added = admit(trust, info.public_pem, "pipeline")
    typer.echo(f"{'made' if info.created else 'found'} keys in {info.folder} (signing key {info.keyid[:16]})")
    if added:
        typer.echo(f"named the public key in {trust}")


def admit(path: Path, public_pem: str, role: str) -> bool:
    """Name a public key in the trust file at `path` (made if absent); False if it stood there already."""
    from lineage import trust as trusting

    entry = trusting.trust_entry(public_pem, role)
    if not path.is_file():
        path.write_bytes(trusting.trust_file([entry]))
        return True
    data = path.read_bytes()
    if any(key.keyid == entry["keyid"] for key in trusting.parse(data, str(path)).keys):
        return False
    path.write_bytes(trusting.add_key(data, entry))
    return True


@app.command("show")
def show() -> None:
    """Print the public key and the key ids."""
    from lineage import keys

    info = keys.init(keys.default_folder())
    typer.echo(f"signing key {info.keyid}\nHMAC key    {info.hmac_id}\n{info.public_pem}")


@app.command("new")
def new(
    path: Path = typer.Argument(help="Where to write the private key"),
    role: str = typer.Option("reviewer", help="pipeline or reviewer"),
) -> None:
    """Make a key for a person, for example a reviewer who counter-signs releases."""
    from lineage import keys

    info = keys.generate(role, path)
    typer.echo(f"private key {path} (keep it), public key {path}.pub, id {info.keyid[:16]}")
