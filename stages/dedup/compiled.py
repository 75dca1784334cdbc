"""The compiler of the kernels, and a place for its cache that works for read-only installations too."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numba
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _choose_cache() -> None:
    """Point numba's cache to a folder of this user when neither the package nor the home can be written."""
    here = Path(__file__).parent
    nearest = here / "__pycache__" if (here / "__pycache__").exists() else here
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home()))
    if not numba.config.CACHE_DIR and not os.access(nearest, os.W_OK) and not os.access(home, os.W_OK):
        user = os.getuid() if hasattr(os, "getuid") else "user"
        numba.config.CACHE_DIR = str(Path(tempfile.gettempdir()) / f"hallmark-numba-{user}")


_choose_cache()


def kernel(function: Callable) -> Callable:
    """Compile on first use, keep the machine code on disk, let other threads run meanwhile."""
    return numba.njit(cache=True, nogil=True, boundscheck=False)(function)


def inlined(function: Callable) -> Callable:
    """Compile into the callers."""
    return numba.njit(cache=True, nogil=True, boundscheck=False, inline="always")(function)


@intrinsic
def load_u32(typing_context, array, index):  # array access by single bytes would hinder vector code
    """Return four bytes at an unaligned index of a contiguous uint8 array as a little-endian uint32."""
    signature = types.uint32(types.Array(types.uint8, 1, "C"), types.int64)

    def generate(context, builder, sig, args):
        view = context.make_array(sig.args[0])(context, builder, args[0])
        place = builder.gep(view.data, [args[1]])
        word = context.get_value_type(types.uint32)
        value = builder.load(builder.bitcast(place, cgutils.ir.PointerType(word)))
        value.align = 1
        return value

    return signature, generate
