"""A server of objects on loopback that s3:// asks, with credentials of its own and none of this machine."""

import os

import pytest
from object_server import FILM, ObjectServer

from xrayscan.plugin import sources


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Credentials of the fake server, and none of this machine."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
    return monkeypatch


@pytest.fixture
def serve(environment):
    """Start a server of these keys of the bucket "films", and have s3:// ask it."""
    from xrayscan_plugins import object_clients
    from xrayscan_plugins.object_stores import S3

    running = []

    def start(*keys, **contents):
        objects = {f"films/{key}": FILM for key in keys} | {f"films/{key}": value for key, value in contents.items()}
        running.append(ObjectServer(objects).__enter__())
        environment.setenv("AWS_ENDPOINT_URL", running[-1].url)
        environment.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
        object_clients.forget_clients()
        place = S3()
        environment.setattr(sources, "installed_sources", lambda: {"s3": place})
        return running[-1]

    yield start
    object_clients.botocore_client().close()
    for server in running:
        server.__exit__()
    object_clients.forget_clients()
