"""Promises of stages/publish/limits.py: a certificate names the figures that are weak or were looked at."""

from stages.publish.limits import LIMITS, limits


def stage(*detectors):
    return [{"stage": "screen", "detectors": list(detectors)}]


def detector(name, status, standing):
    return {"detector": name, "evidence": {"status": status, "figures": [{"standing": standing}]}}


def test_figures_of_development_sets_and_experimental_detectors_are_named_in_both_languages():
    found = limits(
        stage(detector("a@1", "measured", "development"), detector("b@1", "experimental", "held-out"))
    )
    for lang in ("en", "zh"):
        assert found[lang][: len(LIMITS[lang])] == LIMITS[lang]
        seen, weak = found[lang][len(LIMITS[lang]) :]
        assert "a@1" in seen and "b@1" not in seen
        assert "b@1" in weak and "a@1" not in weak


def test_held_out_figures_and_detectors_without_any_add_no_limit():
    assert (
        limits(stage(detector("a@1", "measured", "held-out"), {"detector": "c@1", "evidence": None}))
        == LIMITS
    )
