"""The Ray executor: the same part functions on a cluster over shared storage; results in the tasks' order."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lineage.errors import HallmarkError, SettingsError
from lineage.quiet import SET_HERE, VARIABLES
from pipelines.executors.progress import progress
from pipelines.executors.watch import Lost
from pipelines.executors.worker import THREADS, wrapped

#: What the driver's environment says about networks and telemetry holds on every node.
PASSED = (*VARIABLES, SET_HERE, "HALLMARK_OFFLINE")


def run_on_ray(
    fn: Callable[[Any], Any],
    tasks: Sequence[Any],
    *,
    address: str | None,
    label: str,
    keep_lost: bool = False,
    attempts: int = 3,
) -> list[Any]:
    """Return [fn(t) for t in tasks], in that order, worked on by every core of the cluster at `address`.

    Paths in tasks must mean the same files on every node. A task whose node or worker died runs again on another,
    `attempts` times in all; one that then has no result is `Lost` with `keep_lost`, else an error that names it.
    """
    ray = _connect(address)
    remote = ray.remote(num_cpus=1, max_retries=attempts - 1, retry_exceptions=False)(_call)
    order = sorted(range(len(tasks)), key=lambda i: (-tasks[i].weight, i))
    results: list[Any] = [None] * len(tasks)
    with progress(label, sum(max(1, t.weight) for t in tasks), len(tasks)) as advance:
        place, environment = str(Path.cwd()), {k: os.environ[k] for k in PASSED if k in os.environ}
        waiting = {remote.remote([ray.put((fn, tasks[i]))], place, environment): i for i in order}
        while waiting:
            done, _ = ray.wait(list(waiting), num_returns=1)
            for reference in done:
                i = waiting.pop(reference)
                results[i] = _result(ray, reference)
                advance(max(1, tasks[i].weight))
    for task, result in zip(tasks, results, strict=True):
        if isinstance(result, HallmarkError):
            raise result
        if isinstance(result, Lost) and not keep_lost:
            raise result.error(task.label)
    return results


def _call(boxed: list[Any], folder: str, environment: dict[str, str]) -> Any:
    """Do (function, task), boxed as a reference, in the driver's folder, with its umask, one thread and no telemetry.

    Runs in a Ray worker. An error for a user is a value, so that Ray adds no trace that could quote a text.
    """
    os.environ.update(environment)
    for name in THREADS:  # before the reference is followed: that imports the libraries which read them
        os.environ[name] = "1"
    os.umask(0o022)
    import ray

    task = None
    try:
        os.chdir(folder)  # settings name files relative to the project, in which the driver works
        fn, task = ray.get(boxed[0])
        return fn(task)
    except HallmarkError as e:
        return e
    except MemoryError:
        return Lost("memory")
    except Exception as e:
        return wrapped(e, task)


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.OutOfMemoryError:
        return Lost("memory")
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.ObjectLostError):
        return Lost("died")


def _connect(address: str | None) -> Any:
    if importlib.util.find_spec("ray") is None:
        raise SettingsError(
            "executor.kind is ray, and Ray is not installed",
            where="params.yaml: executor.kind",
            cure="pip install 'hallmark[ray]', or set executor.kind to local",
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if not ray.is_initialized():
        try:
            _knock(address or "auto")
            ray.init(address=address or "auto", log_to_driver=False, logging_level="error")
        except (OSError, ValueError) as e:
            raise SettingsError(
                f"no Ray cluster answers ({type(e).__name__})",
                where=f"params.yaml: executor.address {address}",
                cure="start one with `ray start --head`, and give its address, or `auto`",
            ) from None
    return ray


def _knock(address: str) -> None:
    """Open and close a connection where the address names a host and port: Ray itself tries for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()
