"""No text makes a pattern of this project backtrack: four times the text is not sixteen times the work."""

from __future__ import annotations

import re

from pattern_kit import attacks, cost, patterns

SMALL, LARGE, MOST = 4000, 16000, 2.0
#: Below this many seconds for LARGE characters no growth can be told; 256 million steps take far longer.
UNSEEN = 0.03
RATIO = 9  # of the work at LARGE to that at SMALL: 4 is linear, 16 is quadratic


def grows(pattern: re.Pattern, at_start: bool) -> str | None:
    """Return the attack whose work grows faster than the text, three times out of three."""
    for prefix, pump, end in sorted(attacks(pattern)):
        small, large = (prefix + pump * (size // len(pump)) + end for size in (SMALL, LARGE))
        for _ in range(3):
            work = cost(pattern, at_start, large, MOST)
            less = cost(pattern, at_start, small, MOST)
            if work < UNSEEN or (less < MOST and work < RATIO * less):
                break
        else:
            return f"{prefix!r} + {pump!r} * n + {end!r}"
    return None


def test_the_work_of_every_pattern_grows_with_the_text_alone() -> None:
    found = patterns()
    assert len(found) > 60
    assert {where: attack for key, where in found.items() if (attack := grows(*key))} == {}


def test_patterns_that_backtrack_are_told_from_those_that_do_not() -> None:
    assert grows(re.compile(r"(a+)+$"), at_start=True)
    assert grows(re.compile(r"\s*:\s*"), at_start=False)
    assert grows(re.compile(r"x\s*[:=]?\s*y"), at_start=False)
    assert not grows(re.compile(r"\b[a-z]{1,30}@"), at_start=False)
