"""A real radosgw on loopback, with the smallest cluster behind it: one monitor, and one store in memory."""

import os
import shutil
import socket
import subprocess
import time
import uuid

PROGRAMS = ("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "monmaptool")
ABSENT = [name for name in PROGRAMS if shutil.which(name) is None]
SETTINGS = """
[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon}
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms cluster mode = crc
ms client mode = crc
ms service mode = crc
ms mon client mode = crc
ms mon service mode = crc
ms mon cluster mode = crc
osd objectstore = memstore
memstore device bytes = 268435456
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon osd min in ratio = 0
mon data = {folder}/mon
osd data = {folder}/osd
run dir = {folder}
admin socket =
pid file =
log file = {folder}/$name.log
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{gateway}
mon data avail crit = 1
"""


class CephGateway:
    """Starts all of it; ``url`` answers S3 once it is made. Close it."""

    def __init__(self, folder, key, secret):
        self._folder, self._running = folder, []
        mon, gateway = free_port(), free_port()
        self.url = f"http://127.0.0.1:{gateway}"
        fsid = str(uuid.uuid4())
        for name in ("mon", "osd", "rgw"):
            os.mkdir(os.path.join(folder, name))
        self._settings = os.path.join(folder, "ceph.conf")
        with open(self._settings, "w") as file:
            file.write(SETTINGS.format(fsid=fsid, mon=mon, gateway=gateway, folder=folder))
        try:
            self._bring_up(fsid, mon)
            user = "user", "create", "--uid=u", "--display-name=u", f"--access-key={key}", f"--secret={secret}"
            self._run("radosgw-admin", *user)
            self._port = gateway
            self.start()
        except BaseException:
            self.close()
            raise

    def _bring_up(self, fsid, mon):
        monmap = os.path.join(self._folder, "monmap")
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{mon}]", monmap)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap)
        self._start("ceph-mon", "-i", "a")
        wait_for(lambda: answers(mon))
        identity = str(uuid.uuid4())
        self._run("ceph", "osd", "new", identity)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)
        self._start("ceph-osd", "-i", "0")

    def start(self):
        """Start the gateway, which keeps nothing itself."""
        self._start("radosgw", "-n", "client.rgw")
        wait_for(lambda: answers(self._port))

    def stop(self):
        """Kill the gateway alone."""
        gateway = self._running.pop()
        gateway.kill()
        gateway.wait()

    def close(self):
        for process in reversed(self._running):
            process.kill()
            process.wait()

    def _run(self, *words):
        done = subprocess.run([*words, "-c", self._settings], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    def _start(self, *words):
        with open(os.path.join(self._folder, f"{words[0]}.out"), "wb") as out:
            self._running.append(subprocess.Popen([*words, "-c", self._settings, "-f"], stdout=out, stderr=out))


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it does not come up"
        time.sleep(0.1)
