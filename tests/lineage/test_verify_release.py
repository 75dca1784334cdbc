import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import small_release as small

from lineage import certificate, dsse, keys, trust
from lineage.errors import SettingsError, TrustError
from lineage.verify import countersign_release, main, verify_release

ALL_PASS = [gate | {"status": "pass"} for gate in small.GATES]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    pipeline, reviewer = small.signer(folder, "p"), small.signer(folder, "r", "reviewer")
    small.build(folder / "screened", pipeline)
    small.build(folder / "certified", pipeline, gates=ALL_PASS, grade="certified")
    entries = [
        trust.trust_entry(pipeline.public_pem, "pipeline"),
        trust.trust_entry(reviewer.public_pem, "reviewer"),
    ]
    (folder / "trust.json").write_bytes(trust.trust_file(entries))
    return folder, reviewer


@pytest.fixture
def check(house, tmp_path, monkeypatch):
    """Verify a copy of one of the releases; `check.root` may be changed before."""
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")

    def run(kind="screened", change=lambda root: None, **options):
        root = tmp_path / "release"
        if not root.exists():
            shutil.copytree(house[0] / kind, root)
        change(root)
        return verify_release(root, **{"trust": house[0] / "trust.json", "today": small.TODAY} | options)

    run.root = tmp_path / "release"
    run.reviewer = house[1]
    run.trust = house[0] / "trust.json"
    return run


def keep_only(number):
    """Keep one shard with its manifest and certificate: the smallest partial pull."""

    def change(root):
        source, part = small.PARTS[number]
        kept = {f"meta/shards/{source}/{part}.json", certificate.certificate_path(source, part)}
        for file in [p for p in root.rglob("*") if p.is_file()]:
            name = file.relative_to(root).as_posix()
            if name not in kept and not name.startswith(f"data/{source}/{part}"):
                file.unlink()

    return change


def drop(pattern):
    return lambda root: [file.unlink() for file in sorted(root.glob(pattern))]


def test_a_whole_release_is_good_and_every_file_was_looked_at(check):
    report = check(deep=True, require=["complete"])
    assert report.ok and report.grade == "screened", report.text()
    files = [p for p in check.root.rglob("*") if p.is_file()]
    assert report.files == len(files) - 1 and len(report.shards) == 2 and report.parts == 3
    assert report.text().startswith("good: screened; 2 shards")


def test_one_shard_with_manifest_and_certificate_is_enough(check):
    report = check(change=keep_only(1), shards="data/wiki/*")
    assert report.ok and len(report.shards) == 1, report.text()
    assert any("were not checked" in note for note in report.notes)


def test_a_partial_pull_with_the_release_certificate_says_that_it_is_partial(check):
    report = check(change=drop("data/wiki/00aa00aa-0001-*"))
    assert report.ok and len(report.shards) == 1
    assert "partial: 2 of 3 parts are here" in report.notes


def test_a_partial_pull_is_refused_where_completeness_is_required(check):
    assert check(change=drop("data/wiki/00aa00aa-0001-*"), require=["complete"]).code == 2


def test_certificates_without_any_shard_are_incomplete(check):
    def change(root):
        drop("data/*/*")(root)
        drop(certificate.RELEASE_CERTIFICATE)(root)

    report = check(change=change, shards="wiki/*")
    assert report.code == 2 and report.shards == []


def test_chosen_shards_are_named_by_path_or_by_source_and_part(check):
    assert check(shards=["wiki/*-0000"]).shards == [small.shard_of(check.root, 0)]
    assert check(shards=["data/wiki/*-0001-*"]).shards == [small.shard_of(check.root, 1)]
    assert check(shards=["data/nowhere/*"]).code == 2


def test_a_chosen_shard_is_good_though_another_is_broken(check):
    def break_other(root):
        (root / small.shard_of(root, 1)).write_bytes(b"x")

    assert check(change=break_other, shards="wiki/*-0000").ok
    assert check().code == 1


def countersigned(check, folder, *paths):
    """Write a reviewer's signature of the certificates at these paths, whatever the release allows."""

    def change(root):
        made = certificate.countersign([(root / path).read_bytes() for path in paths], check.reviewer)
        small.write(folder / "a.json", made)

    return change


def test_certified_needs_the_reviewer_and_gates_that_allow_it(check, tmp_path):
    alone = check("certified")
    assert alone.ok and alone.grade == "screened"
    _, path = countersign_release(
        check.root, check.reviewer, tmp_path / "cs", trust=check.trust, today=small.TODAY
    )
    signed = check(countersignatures=tmp_path / "cs", require=["certified"])
    assert signed.ok and signed.grade == "certified", signed.text()
    path.unlink()
    assert check(countersignatures=tmp_path / "cs", require=["certified"]).code == 2


def test_a_countersignature_lifts_no_release_whose_gates_allow_screened_only(check, tmp_path):
    change = countersigned(check, tmp_path / "cs", certificate.RELEASE_CERTIFICATE)
    report = check(change=change, countersignatures=tmp_path / "cs")
    assert report.ok and report.grade == "screened"
    with pytest.raises(TrustError, match="allow screened only"):
        countersign_release(check.root, check.reviewer, tmp_path / "x", trust=check.trust, today=small.TODAY)
    assert not (tmp_path / "x").exists()


def test_a_broken_or_partial_release_is_not_countersigned(check, tmp_path):
    check("certified", change=drop("sheets/release.zh.md"))
    with pytest.raises(TrustError, match="not good"):
        countersign_release(check.root, check.reviewer, tmp_path / "x", trust=check.trust, today=small.TODAY)


def test_countersignatures_are_found_in_the_current_folder(check):
    small.write(Path("countersignatures") / "b.json", b"{}")
    change = countersigned(check, Path("countersignatures"), certificate.RELEASE_CERTIFICATE)
    report = check("certified", change=change)
    assert report.grade == "certified"
    assert any("b.json holds no countersignatures" in note for note in report.notes)


def test_a_countersignature_of_another_release_counts_for_nothing(check, house, tmp_path):
    other = (house[0] / "screened" / certificate.RELEASE_CERTIFICATE).read_bytes()
    small.write(tmp_path / "cs" / "a.json", certificate.countersign([other], check.reviewer))
    assert check("certified", countersignatures=tmp_path / "cs").grade == "screened"


def test_a_partial_pull_without_release_certificate_can_reach_certified(check, tmp_path):
    countersigned_before = countersigned(
        check, tmp_path / "cs", certificate.certificate_path(*small.PARTS[0])
    )

    def change(root):
        countersigned_before(root)
        keep_only(0)(root)

    report = check("certified", change=change, countersignatures=tmp_path / "cs", shards="*")
    assert report.ok and report.grade == "certified", report.text()


def test_a_gate_that_certified_does_not_need_may_stay_open_in_a_partial_pull(check, house, tmp_path):
    pipeline = keys.load_private(house[0] / "p.pem")
    for grades, reached in ((["screened"], "certified"), (["certified"], "screened")):
        root = tmp_path / reached
        gates = [*ALL_PASS, small.GATES[2] | {"grades": grades}]
        small.build(root, pipeline, gates=gates, grade="certified")
        countersigned(check, tmp_path / "cs", certificate.certificate_path(*small.PARTS[0]))(root)
        keep_only(0)(root)
        options = {"shards": "*", "trust": check.trust, "today": small.TODAY}
        assert verify_release(root, **options, countersignatures=tmp_path / "cs").grade == reached


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("screened", 0),
        ("certified", 2),
        ("complete", 0),
        ("policy=demo", 0),
        ("policy=other", 1),
        ("policy>=3", 0),
        ("policy>=2.9.1", 0),
        ("policy>=3.1", 1),
        ("max-age=31d", 0),
        ("max-age=30d", 3),
        ("books=pass", 0),
        ("pii*=pass,waived", 0),
        ("audit=pass", 1),
        ("audit=pass,not_run", 0),
        ("cbrn=pass", 1),
    ],
)
def test_every_demand_has_its_effect(check, word, code):
    report = check(require=[word])
    assert report.code == code, report.text()


@pytest.mark.parametrize("word", ["certifed", "max-age=x", "books=passed", "policy>=x", "=", ""])
def test_a_demand_that_nobody_understands_is_refused_before_any_work(check, word):
    with pytest.raises(SettingsError, match="no such requirement"):
        check(require=[word])


def test_deep_looks_at_chosen_shards_of_a_whole_release_alone(check):
    report = check(deep=True, shards="wiki/*-0000")
    assert report.ok and report.parts == 1, report.text()


def test_deep_needs_the_lineage_table(check):
    assert check(change=drop("lineage/wiki/*")).ok
    assert check(deep=True).code == 2


def test_a_release_vouches_anew_for_the_shard_certificates_it_lists(check, house):
    late = small.AS_OF + timedelta(days=small.DAYS + 1)

    def renew(root):
        pipeline = keys.load_private(house[0] / "p.pem")
        small.write(
            root / certificate.RELEASE_CERTIFICATE,
            certificate.certify_release(root, pipeline, late, small.DAYS),
        )

    assert check(today=late).code == 3
    assert check(change=renew, today=late).ok
    alone = check(change=drop(certificate.RELEASE_CERTIFICATE), today=late, shards="*")
    assert alone.ok and any("no end date" in note for note in alone.notes)


def test_a_public_key_alone_is_trust_enough(check, house):
    assert check(trust=house[0] / "p.pem.pub").ok


def test_the_report_is_json_that_a_script_can_read(check, capsys):
    check()
    code = main([str(check.root), "--trust", str(check.trust), "--today", str(small.TODAY), "--json"])
    body = json.loads(capsys.readouterr().out)
    assert code == body["code"] == 0 and body["grade"] == "screened" and len(body["shards"]) == 2


def test_the_printed_claim_is_in_the_language_asked_for(check, capsys):
    check()
    main([str(check.root), "--trust", str(check.trust), "--today", str(small.TODAY), "--lang", "zh"])
    assert "不表示数据中绝无遗漏" in capsys.readouterr().out


def test_a_file_name_cannot_steer_the_terminal(check):
    report = check(change=lambda root: small.write(root / "a\x1b[2Jb\n", b"x"))
    assert report.code == 1
    assert "\x1b" not in report.text() and any("\\x1b" in line for line in report.text().splitlines())


def test_a_folder_that_is_not_there_is_incomplete(house):
    assert verify_release(house[0] / "nowhere", trust=house[0] / "trust.json").code == 2


def test_a_plain_installation_verifies_with_cryptography_alone(check):
    check()
    blocked = ["pyarrow", "rfc8785", "numpy", "polars", "pydantic", "typer", "rich", "dvc", "socket", "ssl"]
    program = (
        "import sys\n"
        f"for name in {blocked}: sys.modules[name] = None\n"
        "from lineage.verify import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program, str(check.root), "--trust", str(check.trust)]
    command += ["--today", str(small.TODAY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    deep = subprocess.run([*command, "--deep"], capture_output=True, text=True, check=False)
    assert deep.returncode == 2 and "hallmark[load]" in deep.stdout


def test_the_module_runs_as_a_program_with_the_exit_code(check):
    check(change=drop("README.md"))
    small.write(check.root / "README.md", b"forged")
    command = [sys.executable, "-m", "lineage.verify", str(check.root), "--key", "nowhere.pem"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
    environment = os.environ | {trust.VARIABLE: str(check.trust)}
    done = subprocess.run(command[:4], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1 and "README.md" in done.stdout


def test_a_verification_says_plainly_what_it_did_not_check(house, tmp_path):
    root, trusted = house[0] / "screened", house[0] / "trust.json"
    whole = verify_release(root, trust=trusted, today=small.TODAY, deep=True)
    assert whole.not_checked == ["whether a newer release exists or revokes this one (--latest)"]
    chosen = verify_release(root, trust=trusted, today=small.TODAY, shards="wiki/00aa00aa-0000")
    other, rows, newer = chosen.not_checked
    bound, listed = chosen.files, sum(f.is_file() for f in root.rglob("*")) - 1
    assert other.startswith(f"2 other parts, and {listed - bound} certified files")
    assert "--deep" in rows and "--latest" in newer
    assert chosen.to_json()["not_checked"] == chosen.not_checked
    assert f"not checked: {other}" in chosen.text()
    shutil.copytree(root, tmp_path / "partial")
    (tmp_path / "partial" / "meta/certs/release.dsse.json").unlink()
    alone = verify_release(tmp_path / "partial", trust=trusted, today=small.TODAY, shards="wiki/*", deep=True)
    assert "its certificate is not here" in alone.not_checked[0]


def test_a_shard_certificate_answers_for_itself_alone_and_deep_else_the_release_speaks_for_its_bytes(
    house, check
):
    stranger = small.signer(check.root.parent, "stranger")

    def foreign(root):
        path = root / certificate.certificate_path(*small.PARTS[0])
        envelope = dsse.parse(path.read_bytes())
        path.write_bytes(dsse.sign(envelope.payload_type, envelope.payload, [stranger]))
        small.sign_release(root, keys.load_private(house[0] / "p.pem"))

    assert check(change=foreign).ok, "the pipeline's key signed over these very bytes"
    deep = check(deep=True)
    assert (deep.code, "no trusted key" in deep.problems[0].what) == (1, True)
    (check.root / certificate.RELEASE_CERTIFICATE).unlink()
    assert check(shards="wiki/*").code == 1
