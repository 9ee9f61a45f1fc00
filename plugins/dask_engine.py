"""Dask: the scan's workers on a cluster of machines, or on one started here."""

from collections.abc import Callable

from xrayscan import Engine, hookimpl


@hookimpl
def register_engines(register: Callable[[Engine], None]) -> None:
    """Offer the engine; distributed is imported when it is used."""
    summary = "Workers of a Dask cluster, joined with --cluster or started here."
    register(Engine("dask", summary, "xrayscan_plugins.dask_cluster:run", "dask"))
