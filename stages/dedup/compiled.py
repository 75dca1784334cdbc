"""The compiler of the kernels, the place of its cache, and array access without index tests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def kernel(function: Callable) -> Callable:
    """Compile on first use, keep the machine code on disk, let other threads run meanwhile."""
    return _compile(function, inline="never")


def inlined(function: Callable) -> Callable:
    """Compile into the callers."""
    return _compile(function, inline="always")


def _compile(function: Callable, inline: str) -> Callable:
    before = numba.config.CACHE_DIR
    folder = before or _cache_folder()
    numba.config.CACHE_DIR = folder
    try:
        return numba.njit(cache=bool(folder), nogil=True, boundscheck=False, inline=inline)(function)
    finally:
        numba.config.CACHE_DIR = before  # other packages choose for themselves


@lru_cache(maxsize=1)
def _cache_folder() -> str:
    """Return the first folder that can be written, beside the package or in the user's cache, else "".

    Its name holds a digest of every source that is compiled: numba itself looks at the file of the outermost
    function alone, and would run old machine code after a change in a function that it calls.
    """
    here = Path(__file__).parent
    texts = [path.read_bytes() for path in sorted(here.glob("*.py"))]
    compiled = b"\0".join(text for text in texts if b"dedup.compiled" in text or b"KIND_SHIFT =" in text)
    digest = hashlib.sha256(Path(__file__).read_bytes() + compiled).hexdigest()
    name = f"numba-{digest[:16]}"
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    for folder in (here / "__pycache__" / name, Path(user) / "hallmark" / name):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return str(folder)
    return ""


def _peek(typing_context, array, index):  # indexing would test for negative indices, once per byte
    """Return array[index] of a contiguous array, for an index that is known to be in range."""

    def generate(context, builder, sig, args):
        view = context.make_array(sig.args[0])(context, builder, args[0])
        return context.unpack_value(builder, sig.return_type, builder.gep(view.data, [args[1]]))

    return array.dtype(array, types.int64), generate


def _poke(typing_context, array, index, value):
    """Set array[index] of a contiguous array to a value of its type, for an index known to be in range."""

    def generate(context, builder, sig, args):
        view = context.make_array(sig.args[0])(context, builder, args[0])
        context.pack_value(builder, sig.args[0].dtype, args[2], builder.gep(view.data, [args[1]]))
        return context.get_dummy_value()

    return types.void(array, types.int64, array.dtype), generate


def _load_u32(typing_context, array, index):  # four loads of a byte would hinder vector code
    """Return four bytes at an unaligned index of a contiguous uint8 array as a little-endian uint32."""

    def generate(context, builder, sig, args):
        view = context.make_array(sig.args[0])(context, builder, args[0])
        word = cgutils.ir.PointerType(context.get_value_type(types.uint32))
        value = builder.load(builder.bitcast(builder.gep(view.data, [args[1]]), word))
        value.align = 1
        return value

    return types.uint32(array, types.int64), generate


peek: Any = intrinsic(_peek)
poke: Any = intrinsic(_poke)
load_u32: Any = intrinsic(_load_u32)
