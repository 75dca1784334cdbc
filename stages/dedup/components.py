"""Connected components by union-find; the root of a component is its smallest number."""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import inlined, kernel


@kernel
def components(left, right, nodes):
    """Return int64 [nodes]: the smallest node that each node is linked to by edges left[i] - right[i]."""
    parent = np.arange(nodes)
    for i in range(left.size):
        a, b = _root(parent, left[i]), _root(parent, right[i])
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    for n in range(nodes):
        parent[n] = parent[parent[n]]
    return parent


@inlined
def _root(parent, node):
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node
