"""Ray: the scan's workers on a Ray cluster, or on one started here."""

from collections.abc import Callable

from xrayscan import Engine, hookimpl


@hookimpl
def register_engines(register: Callable[[Engine], None]) -> None:
    """Offer the engine; ray is imported when it is used."""
    summary = "Workers of a Ray cluster, joined with --cluster or started here."
    register(Engine("ray", summary, "xrayscan_plugins.ray_cluster:run", "ray"))
