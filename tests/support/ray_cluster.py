"""A real Ray cluster of three machines on this one: network namespaces with addresses and host names of their own."""

import contextlib
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from tests.support.running import PROJECT, wait_for

_RAY = [sys.executable, "-m", "ray.scripts.scripts"]
_NET = "10.213.77"
_STARTS = 3


@functools.cache
def why_not():
    """Says why no cluster can be started here; "" if one can."""
    if importlib.util.find_spec("ray") is None:
        return "Ray is not installed; python -m pip install -r requirements-ray.lock"
    if os.name != "posix" or os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("unshare")):
        return "the machines of the cluster are network namespaces, which need root and iproute2"
    probe = subprocess.run(["unshare", "-num", "hostname", "x"], capture_output=True, text=True)
    return f"no network namespaces: {probe.stderr.strip()}" if probe.returncode else ""


class RayCluster:
    """Machines 1 to 3; a program that is to use the cluster runs on machine 1, which is the head."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="ray"))  # short: paths of sockets are limited
        self.token = self.folder / "token"
        self.token.write_text("5ec2e7" * 8)
        self.token.chmod(0o600)
        self._id = f"cs{os.getpid() % 100000}"
        self._machines = {}
        _ip("link", "add", self._id, "type", "bridge")
        _ip("link", "set", self._id, "up")
        for number in (1, 2, 3):
            name = self._name(number)
            _ip("netns", "add", name)
            _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", name, "master", self._id, "up")
            _ip("-n", name, "addr", "add", f"{_NET}.{number}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "lo", "up")
            self.join(number)

    def _name(self, number):
        return f"{self._id}m{number}"

    def start(self, *numbers, hide="", **gpus):
        """Starts Ray on machines; `hide` is a folder that they see as an empty one.

        Args:
            numbers: Of the machines; 1 has one core, the others two.
            gpus: Numbers of GPUs that are made up, by machine, for example `machine2=1`.
        """
        for _ in range(_STARTS):
            for number in numbers:
                self._start(number, gpus.get(f"machine{number}", 0), hide)
            numbers = [number for number in numbers if not self._is_up(number)]
            if not numbers:
                return
        raise TimeoutError((self.folder / f"machine{numbers[0]}.log").read_text())

    def _start(self, number, gpus, hide):
        where = ["--head", "--port=6379", "--include-dashboard=false", f"--temp-dir={self.folder}"]
        if number > 1:
            where = [f"--address={_NET}.1:6379"]
        command = [*_RAY, "start", *where, f"--node-ip-address={_NET}.{number}", f"--num-cpus={min(number, 2)}"]
        command += [f"--num-gpus={gpus}", "--object-store-memory=80000000", "--disable-usage-stats", "--block"]
        words = self._on(number, command, hide)
        environment = self._environment()
        environment.pop("RAY_ADDRESS")
        with (self.folder / f"machine{number}.log").open("wb") as file:
            process = subprocess.Popen(words, stdout=file, stderr=file, env=environment, start_new_session=True)
        self._machines[number] = process

    def _is_up(self, number):
        """Waits until Ray runs on a machine; False if it gave up, as it does after 30 s on a busy machine."""
        log, process = self.folder / f"machine{number}.log", self._machines[number]
        wait_for(lambda: b"--block" in log.read_bytes() or process.poll() is not None)
        return process.poll() is None

    def _on(self, number, command, hide=""):
        mount = f"mount -t tmpfs none '{hide}' && " if hide else ""
        shell = f'hostname machine{number} && {mount}exec "$@"'
        return [
            "ip",
            "netns",
            "exec",
            self._name(number),
            "unshare",
            "-um",
            "sh",
            "-c",
            shell,
            "sh",
            *map(str, command),
        ]

    def _environment(self, **changes):
        ray = {"RAY_ADDRESS": f"{_NET}.1:6379", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(self.token)}
        return {**os.environ, **ray, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1", **changes}

    def popen(self, *command, **environment):
        """Starts a program on machine 1."""
        words, env = self._on(1, command), self._environment(**environment)
        return subprocess.Popen(words, cwd=PROJECT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *command, **environment):
        """Runs a program on machine 1 to its end."""
        process = self.popen(*command, **environment)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def kill(self, number):
        """Takes the power from a machine."""
        found = subprocess.run(["ip", "netns", "pids", self._name(number)], capture_output=True, text=True).stdout
        for process in found.split():
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(int(process)).kill()
        if number in self._machines:
            self._machines.pop(number).wait()

    def cut(self, number):
        """Takes a machine's network away; it runs on."""
        _ip("-n", self._name(number), "link", "set", "eth0", "down")

    def join(self, number):
        """Gives a machine its network."""
        _ip("-n", self._name(number), "link", "set", "eth0", "up")

    def close(self):
        """Ends everything and removes the namespaces."""
        for number in list(self._machines):
            self.kill(number)
        for number in (1, 2, 3):
            _ip("netns", "del", self._name(number))
        _ip("link", "del", self._id)
        shutil.rmtree(self.folder, ignore_errors=True)


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)
