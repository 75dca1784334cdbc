"""Promises of stages/screen/external.py: a team's own model runs as a detector, and never fails silently."""

import hashlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import polars as pl
import pytest
from pydantic import ValidationError

from lineage.errors import SettingsError, TrustError
from stages.screen import ScreenSettings, detectors, scan
from stages.screen.external import ExternalError, files_sha256, find
from stages.screen.external_settings import ExternalSettings

# a small real model: a bag of words with weights, squashed to 0..1
MODEL = """
import json, math, sys
WEIGHTS = {"gizmo": 4.0, "widget": 2.0}
for line in sys.stdin:
    texts = json.loads(line)["texts"]
    sums = [sum(WEIGHTS.get(w.strip(".,").lower(), 0) for w in t.split()) for t in texts]
    print(json.dumps({"scores": [[1 / (1 + math.exp(3 - s))] for s in sums]}), flush=True)
"""
TEXTS = ["A gizmo beside a gizmo.", "Nothing here.", "one widget"]


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    return path


def own(program, **other):
    fixed = {"name": "team-model", "codes": ("A.1-g",), "command": (sys.executable, str(program))}
    return ExternalSettings(**{**fixed, "files": (str(program),), **other})


def test_a_command_scores_batches_and_windows_and_the_worst_window_counts(program):
    long = "word " * 300 + "gizmo gizmo"
    found = find(pl.Series([*TEXTS, long]), own(program, batch=2, max_chars=200))
    assert found["text"].to_list() == [0, 2, 3] and found["score"][0] == found["score"][2] == 0.9933
    assert found["detector"].unique().to_list() == ["team-model@1"]


def test_batch_size_does_not_change_a_score(program):
    one, many = (find(pl.Series(TEXTS * 9), own(program, batch=b)) for b in (1, 64))
    assert one.equals(many)


def test_the_stage_runs_it_and_names_it_with_a_digest_of_its_files(program):
    settings = ScreenSettings(external=(own(program),), models=(), lexicons=(), cbrn=False)
    assert scan(TEXTS, settings).filter(pl.col("code") == "A.1-g")["text"].to_list() == [0, 2]
    entry = next(d for d in detectors(settings) if d["detector"] == "team-model@1")
    program.write_text(MODEL + "# changed\n")
    other = next(d for d in detectors(settings) if d["detector"] == "team-model@1")
    assert entry["sha256"] != other["sha256"] and entry["codes"] == ["A.1-g"]
    assert not any(d["detector"] is None and d["codes"] == ["A.1-g"] for d in detectors(settings))


def test_files_that_differ_from_their_digest_do_not_run(program):
    right = files_sha256(own(program))
    assert find(pl.Series(TEXTS), own(program, sha256=right)).height == 2
    with pytest.raises(TrustError, match="digest"):
        find(pl.Series(TEXTS), own(program, sha256=hashlib.sha256(b"x").hexdigest()))
    with pytest.raises(SettingsError, match="does not exist"):
        find(pl.Series(TEXTS), own(program, command=("no-such-program-here",)))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import time; time.sleep(60)", "no answer within"),
        ("raise SystemExit(1)", "has ended"),
        ("input(); print('hello', flush=True)", "not"),
        ("input(); print('{\"scores\": [[0.5]]}', flush=True)", "another number"),
        ("input(); print('{\"scores\": [[2], [0], [0]]}', flush=True)", "between 0 and 1"),
    ],
)
def test_a_late_dead_or_wrong_answer_stops_the_stage_and_tells_no_text(tmp_path, code, why):
    path = tmp_path / "bad.py"
    path.write_text(code + "\nimport sys\nfor line in sys.stdin: pass\n")
    with pytest.raises(ExternalError, match=why) as error:
        find(pl.Series(TEXTS), own(path, timeout=2.0))
    assert "gizmo" not in str(error.value)


def test_an_endpoint_on_loopback_scores_and_its_errors_are_told():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["texts"]
            body = json.dumps({"scores": [[float("gizmo" in t)] for t in texts]}).encode()
            self.send_response(200 if self.path == "/score" else 500)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    fixed = {"name": "endpoint", "codes": ("A.1-g",)}
    found = find(pl.Series(TEXTS), ExternalSettings(**fixed, url=f"{url}/score"))
    assert found["text"].to_list() == [0] and found["score"].to_list() == [1.0]
    with pytest.raises(ExternalError, match="status 500"):
        find(pl.Series(TEXTS), ExternalSettings(**fixed, url=f"{url}/other"))
    server.shutdown()
    server.server_close()
    with pytest.raises(ExternalError, match="cannot be reached"):
        find(pl.Series(TEXTS), ExternalSettings(**fixed, url=f"{url}/score", timeout=2))


@pytest.mark.parametrize("way", [{}, {"url": "http://example.org/score"}, {"url": "https://127.0.0.1/x"}])
def test_no_address_beyond_this_machine_is_accepted(way):
    with pytest.raises(ValidationError):
        ExternalSettings(name="x", codes=("harm",), **way)
