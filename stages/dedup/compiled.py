"""The compiler of the kernels, the place of its cache, and array access without index tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from stages.dedup.remembered import cache_folder


def kernel(function: Callable) -> Callable:
    """Compile on first use, keep the machine code on disk, let other threads run meanwhile."""
    return _compile(function, inline="never")


def inlined(function: Callable) -> Callable:
    """Compile into the callers."""
    return _compile(function, inline="always")


def _compile(function: Callable, inline: str) -> Callable:
    before = numba.config.CACHE_DIR
    folder = before or cache_folder()
    numba.config.CACHE_DIR = folder
    try:
        return numba.njit(cache=bool(folder), nogil=True, boundscheck=False, inline=inline)(function)
    finally:
        numba.config.CACHE_DIR = before  # other packages choose for themselves


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


def _load(kind: Any) -> Callable:
    """Return the loading of an unaligned little-endian number: single bytes would hinder vector code."""

    def generate(context, builder, sig, args):
        view = context.make_array(sig.args[0])(context, builder, args[0])
        word = cgutils.ir.PointerType(context.get_value_type(kind))
        value = builder.load(builder.bitcast(builder.gep(view.data, [args[1]]), word))
        value.align = 1
        return value

    return generate


def _load_u32(typing_context, array, index):
    """Return four bytes at an index of a contiguous uint8 array as a uint32."""
    return types.uint32(array, types.int64), _load(types.uint32)


def _load_u64(typing_context, array, index):
    """Return eight bytes at an index of a contiguous uint8 array as a uint64."""
    return types.uint64(array, types.int64), _load(types.uint64)


peek: Any = intrinsic(_peek)
poke: Any = intrinsic(_poke)
load_u32: Any = intrinsic(_load_u32)
load_u64: Any = intrinsic(_load_u64)
