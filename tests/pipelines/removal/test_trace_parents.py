"""A release made of another release's shards names it, and a trace walks through to the first origin."""

import json
import shutil

import pytest
import removal_house as house
from support import call

from lineage import canonical, certificate
from lineage.digests import sha256_file


def child(folder, above, name):
    """Make a project whose one source is the published release of another project."""
    house.make_project(folder, name, today=house.AS_OF)
    (folder / "licence.txt").write_text("CC-BY-4.0, granted by the authors")
    shutil.copytree(above.release, folder / "upstream")
    house.sources(folder, "upstream")
    listed = json.loads((folder / "sources.yaml").read_text())
    listed["sources"][0] |= {"format": "parquet", "paths": ["upstream/data/**/*.parquet"]}
    (folder / "sources.yaml").write_text(json.dumps(listed))
    return house.run(folder)


@pytest.fixture(scope="module")
def family(built, tmp_path_factory, keys_folder):
    root = tmp_path_factory.mktemp("family")
    first = house.copy(built, root / "first")
    for command in (
        ["git", "add", "-A"],
        ["git", "-c", "user.name=t", "-c", "user.email=t@x", "commit", "-qm", "a"],
    ):
        call(command, first.root, keys_folder)
    call(["hallmark", "release", "seal", "--days", "30"], first.root, keys_folder)
    second = child(root / "second", first, "second")
    return first, second, child(root / "third", second, "third")


def traced(project, keys_folder, *options, code=0):
    text = project.root / "asked.txt"
    text.write_text(house.text(2), encoding="utf-8")
    command = ["hallmark", "trace", "--text-file", "asked.txt", "--json", *map(str, options)]
    done = call(command, project.root, keys_folder, code=code)
    return json.loads(done.stdout)["traces"][0].get("ancestors") if code == 0 else done


def test_a_manifest_names_the_release_it_was_made_of_by_digest(family):
    first, second, third = family
    for above, below in ((first, second), (second, third)):
        manifest = canonical.loads((below.release / certificate.MANIFEST).read_bytes())
        assert [p["digest"] for p in manifest["parents"]] == [
            sha256_file(above.release / certificate.MANIFEST)
        ]
    assert canonical.loads((first.release / certificate.MANIFEST).read_bytes())["parents"] == []


def test_trace_reaches_the_first_origin_through_two_releases(family, keys_folder):
    first, second, third = family
    assert traced(first, keys_folder) is None
    (found,) = traced(second, keys_folder)
    assert (found["dataset"], found["source"]["id"]) == ("house", "web")
    assert found["inputs"][0]["file"] == "in/web.jsonl"
    near, far = traced(third, keys_folder, "--release", first.release)
    assert (near["dataset"], far["dataset"]) == ("second", "house")
    assert far == found


def test_a_release_that_is_not_at_hand_is_named_by_its_digest(family, keys_folder):
    first, _, third = family
    _, far = traced(third, keys_folder)
    assert (
        far["digest"] == sha256_file(first.release / certificate.MANIFEST) and "--release" in far["missing"]
    )


def test_an_altered_lineage_of_a_parent_is_refused(family, keys_folder, tmp_path):
    second = house.copy(family[1], tmp_path / "second")
    table = next((second.root / "upstream/lineage/web").glob("*.parquet"))
    table.write_bytes(table.read_bytes() + b" ")
    assert "not the file that" in traced(second, keys_folder, code=1).stderr
