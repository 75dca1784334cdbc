"""The project's HMAC key, by which alone the ledger can be read."""

from __future__ import annotations

from lineage import keys
from lineage.errors import TrustError
from pipelines.project import Project


def hmac_of(project: Project) -> tuple[str, bytes]:
    """Return (key id, key); an error if params.yaml names another key than the one at hand."""
    key_id, key = keys.load_hmac(keys.default_folder())
    wanted = project.params.keys.hmac
    if wanted and wanted != key_id:
        raise TrustError(
            f"the HMAC key at hand is {key_id}, the project was made with {wanted}",
            where=f"{project.root / 'params.yaml'}: keys.hmac",
            cure="point $HALLMARK_KEYS at the project's keys",
        )
    return key_id, key
