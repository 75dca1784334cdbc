"""Law 6 through the stages: a language nobody measured waits for a person, is counted, and evidence lets it through."""

from __future__ import annotations

import json
from importlib import resources

import decision_house as kit
import pytest

from lineage import canonical

FRENCH = (
    "Le petit marché du village ouvre chaque matin avant le lever du soleil, et les voisins y apportent des "
    "pommes, du pain et des fleurs. On parle du temps, de la récolte et du pont que l'on répare depuis l'hiver."
)
SPANISH = (
    "El pequeño mercado del pueblo abre todas las mañanas antes de que salga el sol, y los vecinos traen manzanas, "
    "pan y flores. Se habla del tiempo, de la cosecha y del puente que se está reparando desde el invierno."
)
HELD = ("quarantined", "not-measured", "unmeasured")


def measure_french(folder) -> None:
    """Add a French figure to a detector's evidence, as `hallmark detector evaluate` on a French set would."""
    name = "lexicon-insult@1.json"
    body = json.loads((resources.files("stages.screen") / "evidence" / name).read_text(encoding="utf-8"))
    row = next(r for r in body["figures"] if r["recall"])
    body["figures"].append(row | {"language": "fr"})
    own = folder / "evidence" / "detectors"
    own.mkdir(parents=True)
    (own / name).write_bytes(canonical.dumps(body))


@pytest.fixture
def mixed(house):
    kit.fill(house, {"mix": [kit.prose(1), FRENCH, SPANISH, "Mind the door"]})
    return house


def test_french_and_spanish_in_latin_letters_wait_for_a_person(mixed):
    found = kit.fates(kit.run(mixed))
    assert (found["mix-1"], found["mix-2"]) == (HELD, HELD)
    assert found["mix-0"][0] == found["mix-3"][0] == "kept"
    held = [r for r in kit.manifest(mixed / "release")["reasons"] if r["reason"] == "not-measured"]
    assert [r["docs"] for r in held] == [2]


def test_measured_french_passes_and_spanish_still_waits(mixed):
    measure_french(mixed)
    found = kit.fates(kit.run(mixed))
    assert found["mix-1"][0] == "kept" and found["mix-2"] == HELD


def test_where_the_policy_lets_it_pass_the_shard_counts_it_as_not_run(mixed):
    action = '"screen:language-not-measured"], action: '
    kit.edit_policy(mixed, (action + "quarantine", action + "flag"))
    kit.run(mixed)
    part = next((mixed / "release" / "meta" / "shards" / "mix").glob("*.json"))
    rows = {r["detector"]: r["docs"] for r in canonical.loads(part.read_bytes())["not_run"]}
    assert (rows["screen:language-not-measured"], rows["screen:language-unknown"]) == (2, 1)
