"""Every regular expression of the packages, and texts built from its own parse tree to make it backtrack."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from re import _constants as codes  # the tree of a pattern has no public form
from re import _parser as parser
from types import ModuleType

ROOT = Path(__file__).parent.parent
PACKAGES = ("stages", "lineage", "pipelines")
CALLS = ("search", "match", "fullmatch", "sub", "subn", "findall", "finditer", "split", "compile")
#: What most often makes loops of unlike patterns overlap.
PUMPS = ("a", "0", " ", "\n", "<", '"', "(", "-", ".", "/", "a.", "0-", "a@", "a ", "中", "<a", " \n")
ENDS = ("\x00", "!\n")
#: How a pattern is asked: from the start of the text alone, or from each place in it.
AT_START = {"match", "fullmatch"}


def patterns() -> dict[tuple[re.Pattern, bool], str]:
    """Return where each pattern stands that a module holds or gives to `re`: (pattern, asked at the start only)."""
    found: dict[tuple[re.Pattern, bool], str] = {}
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if ".template" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for name, module in sorted(sys.modules.items()):
        if name.split(".")[0] in PACKAGES:
            for key, value in list(vars(module).items()):
                for pattern in _held(value):
                    found.setdefault((pattern, _at_start(module, key)), f"{name}.{key}")
    for path in (p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))):
        for pattern, method, line in _literals(ast.parse(path.read_text(encoding="utf-8"))):
            if method != "compile" or not {(pattern, True), (pattern, False)} & found.keys():
                found[pattern, method in AT_START] = f"{path.relative_to(ROOT)}:{line}"
    return {pair: where for pair, where in found.items() if isinstance(pair[0].pattern, str)}


def _at_start(module: ModuleType, name: str) -> bool:
    """Tell whether a module asks the pattern it calls `name` by `match` and `fullmatch` alone."""
    asked = set(re.findall(rf"\b{name}\.(\w+)\(", Path(str(module.__file__)).read_text(encoding="utf-8")))
    return bool(asked) and asked <= AT_START


def _literals(tree: ast.Module) -> Iterator[tuple[re.Pattern, str, int]]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and (node.func.value.id, node.func.attr in CALLS) == ("re", True)
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            flags = next((k.value for k in node.keywords if k.arg == "flags"), None)
            named = [n.attr for n in ast.walk(flags) if isinstance(n, ast.Attribute)] if flags else []
            flags = sum(getattr(re, n) for n in set(named))
            yield re.compile(node.args[0].value, flags), node.func.attr, node.lineno


def _held(value: object, depth: int = 0) -> Iterator[re.Pattern]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, dict):
        for pair in value.items():
            yield from _held(pair, depth + 1)
    elif depth < 4 and isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _held(item, depth + 1)
    elif depth < 4 and not isinstance(value, type) and type(value).__module__.split(".")[0] in PACKAGES:
        yield from _held(getattr(value, "__dict__", {}), depth + 1)


def attacks(pattern: re.Pattern) -> set[tuple[str, str, str]]:
    """Return (prefix, pump, end): the pump is what a loop of the pattern eats, the end is what it then fails on."""
    loops = list(_loops(parser.parse(pattern.pattern, pattern.flags), ""))
    pumps = {("", pump) for pump in PUMPS} | {(p, b) for p, b in loops if b}
    pumps |= {("", p + b) for p, b in loops if b}
    return {(prefix, pump, end) for prefix, pump in pumps for end in ENDS}


def _loops(tree: parser.SubPattern, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield (what comes before, one turn) of every loop without a small bound."""
    for op, value in tree:
        if op in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            yield from _loops(value[2], prefix)
            if value[1] > 8:
                yield prefix, example(value[2])
        elif op is codes.BRANCH:
            for branch in value[1]:
                yield from _loops(branch, prefix)
        elif op is codes.SUBPATTERN:
            yield from _loops(value[-1], prefix)
        elif op in (codes.ASSERT, codes.ASSERT_NOT):
            yield from _loops(value[1], prefix)
        prefix += _one(op, value)


def example(tree: parser.SubPattern) -> str:
    """Return a short text that the tree accepts, as far as that can be read from it."""
    return "".join(_one(op, value) for op, value in tree)


def _one(op: int, value: object) -> str:
    if op is codes.LITERAL:
        return chr(value)
    if op is codes.NOT_LITERAL:
        return "a" if value != ord("a") else "b"
    if op is codes.ANY:
        return "a"
    if op is codes.IN:
        return _member(value)
    if op in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return example(value[2]) * max(1, min(value[0], 3))
    if op is codes.BRANCH:
        return example(value[1][0])
    if op is codes.SUBPATTERN:
        return example(value[-1])
    return ""


def _member(items: list) -> str:
    tries = [chr(v) for op, v in items if op is codes.LITERAL]
    tries += [chr(v[0]) for op, v in items if op is codes.RANGE]
    tries += {
        codes.CATEGORY_DIGIT: ["0"],
        codes.CATEGORY_SPACE: [" "],
        codes.CATEGORY_WORD: ["a"],
        codes.CATEGORY_NOT_SPACE: ["a"],
        codes.CATEGORY_NOT_DIGIT: ["a"],
        codes.CATEGORY_NOT_WORD: ["-"],
    }.get(next((v for op, v in items if op is codes.CATEGORY), None), [])
    if items[0][0] is codes.NEGATE:
        return next((c for c in "a0-_ " if c not in tries), "~")
    return tries[0] if tries else "a"


def cost(pattern: re.Pattern, at_start: bool, text: str, most: float) -> float:
    """Return the CPU seconds of a match at the start, or of all matches; `most` where it takes longer than that."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, most)
    start = time.process_time()
    try:
        if at_start:
            pattern.match(text)
            pattern.fullmatch(text)
        else:
            deque(pattern.finditer(text), maxlen=0)
        return time.process_time() - start
    except TimeoutError:
        return most
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
