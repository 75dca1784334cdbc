"""A registered work leaves, waits or is counted by the policy; the manifest says so and the gate measures it."""

from __future__ import annotations

import decision_house as kit

from lineage import canonical
from lineage.verify.report import printable
from pipelines.params_file import params_text
from pipelines.project import Project

WORK = kit.prose(7000, 8)


def supply(folder) -> None:
    """Put the work into a registry outside the sources and name it in params.yaml."""
    (folder / "works").mkdir()
    (folder / "works" / "a-novel.txt").write_text(WORK, encoding="utf-8")
    params = Project(folder).params
    screen = params.screen.model_copy(update={"works": "works"})
    text = params_text(params.model_copy(update={"screen": screen}))
    (folder / "params.yaml").write_text(text, encoding="utf-8")


def test_every_hit_has_its_fate_and_the_manifest_and_gate_tell_of_it(house) -> None:
    words = WORK.split(" ")
    near = " ".join([*words[:50], "gently", *words[50:]])
    plain = [kit.prose(i, 4) for i in range(3)]
    span = f"{plain[0]} {' '.join(words[20:100])} {kit.prose(40, 8)}"
    quote = f"{' '.join(words[20:36])} {kit.prose(50, 2)}"
    others = [
        kit.prose(i, 2) for i in range(100, 300)
    ]  # a source of which one in twenty were a hit is refused
    kit.fill(house, {"a": [WORK, near, span, quote, *others]})
    supply(house)
    fates = kit.fates(kit.run(house))
    assert fates["a-0"][:2] == ("removed", "protected-work")
    assert (fates["a-1"][0], fates["a-1"][2]) == ("quarantined", "protected-work-near")
    assert (fates["a-2"][0], fates["a-2"][2]) == ("quarantined", "protected-work-span")
    assert [fates[f"a-{i}"] for i in (3, 4)] == [("kept", None, None)] * 2
    manifest = kit.manifest(house / "release")
    rows = {r["level"]: r for r in manifest["screen"] if r["code"] == "protected-work" and r["docs"]}
    assert {n: (rows[n]["docs"], rows[n]["kept"]) for n in ("exact", "near")} == {
        "exact": (1, 0),
        "near": (2, 0),
    }
    assert rows["verbatim"]["docs"] - rows["verbatim"]["kept"] == 3 and rows["verbatim"]["kept"] >= 1
    for path in [*(house / "release" / "meta" / "shards").rglob("*.json")]:
        gates = {g["id"]: g for g in canonical.loads(path.read_bytes())["gates"]}
        assert (gates["protected-works"]["status"], gates["protected-works"]["measured"]) == ("pass", 0)
    public = b"".join(
        p.read_bytes() for p in (house / "release").rglob("*") if p.suffix in (".json", ".md", ".html")
    )
    assert printable(" ".join(words[:6])).encode() not in public  # no word of the work, in no paper
