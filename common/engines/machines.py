"""What the machines of a cluster have to have in common with this one, and what is said of one that has not.

Knows no cluster: an engine calls `question()` on every machine and hands the answers to `check_machines`.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import ConfigError
from common.text import count

PROJECT = Path(__file__).resolve().parents[2]
# What pixels, scores and files depend on; both forms of OpenCV count as one.
_PACKAGES = (
    "numpy", "opencv-python", "opencv-python-headless", "pillow", "kornia-rs", "pycocotools", "scikit-learn", "ijson",
    "pydantic", "keras", "tensorflow", "jax", "torch", "ray",
)  # fmt: skip
# What a machine answers: see `question`.
Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Machine:
    """One machine of a cluster.

    Attributes:
        name: Host name and address.
        cores: Processor cores that the cluster may use.
        gpus: GPUs that the cluster may use.
        ports: Of the cluster's services on it, by their names.
        answer: Of `question`; None if it gave none.
        fault: Why it gave none.
    """

    name: str
    cores: int
    gpus: int
    ports: Mapping[str, int]
    answer: Answer | None = None
    fault: str = ""


def machine_of(node: Mapping[str, Any]) -> Machine:
    """Describes a machine from what Ray lists of it."""
    resources = node["Resources"]
    names = ("NodeManagerPort", "ObjectManagerPort", "MetricsExportPort")
    ports = {name: int(node[name]) for name in names if int(node.get(name) or 0) > 0}
    name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
    return Machine(name, int(resources.get("CPU", 0)), int(resources.get("GPU", 0)), ports)


def question() -> Callable[[str, Sequence[str], str, Sequence[str]], dict[str, Any]]:
    """Makes the function that every machine runs.

    It stands in another function so that it travels with all it needs: a machine may lack the project.
    """

    def answer(token: str, folders: Sequence[str], project: str, packages: Sequence[str]) -> dict[str, Any]:
        import hashlib
        import os
        import platform
        from importlib import metadata
        from pathlib import Path

        def version(package: str) -> str:
            try:
                return metadata.version(package)
            except metadata.PackageNotFoundError:
                return ""

        def content(folder: str) -> tuple[str, str]:
            try:
                names = sorted(os.listdir(folder))  # noqa: PTH208 - quicker on folders with many files
            except OSError:
                return "", ""
            try:
                text = (Path(folder) / token).read_text(encoding="ascii")
            except (OSError, ValueError):
                text = ""
            return text, hashlib.sha256("\n".join(name for name in names if name != token).encode()).hexdigest()

        def readable_token() -> str:
            path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or "~/.ray/auth_token").expanduser()
            if os.name != "posix" or os.environ.get("RAY_AUTH_TOKEN") or not path.is_file():
                return ""
            return str(path) if path.stat().st_mode & 0o077 else ""

        sources = hashlib.sha256()
        for path in sorted((Path(project) / "common").rglob("*.py")):
            sources.update(path.relative_to(project).as_posix().encode() + path.read_bytes())
        return {
            "host": platform.node(),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in packages},
            "project": sources.hexdigest(),
            "folders": {folder: content(folder) for folder in folders},
            "auth": os.environ.get("RAY_AUTH_MODE", ""),
            "readable_token": readable_token(),
        }

    return answer


@contextlib.contextmanager
def questions(folders: Sequence[Path]) -> Iterator[tuple[str, list[str], str, tuple[str, ...]]]:
    """Gives the arguments of the question; a token file lies in each folder meanwhile, where one can be written."""
    token = f".same-folder-{secrets.token_hex(8)}"
    chosen = sorted({PROJECT, *(folder.resolve() for folder in folders)})
    written = []
    try:
        for folder in chosen:
            with contextlib.suppress(OSError):  # a folder that is only read; its names are compared
                (folder / token).write_text(token, encoding="ascii")
                written.append(folder / token)
        yield token, list(map(str, chosen)), str(PROJECT), _PACKAGES
    finally:
        for path in written:
            path.unlink(missing_ok=True)


def check_machines(machines: Sequence[Machine], here: Answer, needs_token: bool) -> None:
    """Refuses machines on which work would fail, go astray or come out differently.

    Args:
        machines: All machines, with their answers.
        here: The answer of this machine.
        needs_token: Whether a machine that lets everybody in is refused.

    Raises:
        ConfigError: Names the machine, what was found, and how to mend it.
    """
    faults = [fault for machine in machines for fault in faults_of(machine, here, needs_token)]
    if faults:
        more = f" ({count(len(faults) - 1, 'more fault')})" if len(faults) > 1 else ""
        raise ConfigError(f"{faults[0]}{more}; `python -m common.tools.check_cluster` shows everything")


def describe_machines(machines: Sequence[Machine], here: Answer, needs_token: bool) -> tuple[list[str], list[str]]:
    """Lists what a cluster has, in lines, and what is wrong with it, in sentences."""
    cores, gpus = (sum(getattr(machine, part) for machine in machines) for part in ("cores", "gpus"))
    of_all = f"{count(len(machines), 'machine')}, {count(cores, 'core')}, {count(gpus, 'GPU')}"
    lines = [f"{of_all}; Python {here['python']}, Ray {here['packages']['ray']}"]
    faults = []
    for machine in machines:
        of_one = f"{machine.name}: {count(machine.cores, 'core')}, {count(machine.gpus, 'GPU')}"
        lines.append(f"{of_one}; ports {', '.join(f'{name} {port}' for name, port in machine.ports.items())}")
        faults += faults_of(machine, here, needs_token)
    if not faults:
        lines.append(f"all see the same {', '.join(here['folders'])}, and have the same versions")
    return lines, faults


def faults_of(machine: Machine, here: Answer, needs_token: bool) -> list[str]:
    """Lists what is wrong with a machine, in sentences that begin with its name."""
    there = machine.answer
    if there is None:
        return [f"{machine.name}: does not answer: {machine.fault}"]
    found = [
        f"{folder} is another folder there than here, or is not there; every machine has to see the project and the "
        "data under the same path, on a shared file system"
        for folder, content in here["folders"].items()
        if not _is_same_folder(content, there["folders"].get(folder, ("", "")))
    ]
    if there["python"] != here["python"]:
        found.append(f"has Python {there['python']}, this machine has {here['python']}; install the same")
    found += _package_faults(there["packages"], here["packages"])
    if there["project"] != here["project"] and not found:
        found.append("has another version of the project than this machine; copy it there again")
    if needs_token and there["auth"] != "token":
        found.append(
            "lets everybody in who reaches its ports, because `ray start` ran there without RAY_AUTH_MODE=token; start "
            "it again with a token (docs/clusters.md), or set ENGINE_TOKEN = none on a network that you trust"
        )
    elif needs_token and there["readable_token"]:
        path = there["readable_token"]
        found.append(f"{path}, the token, can be read or changed by others; make a new one after `chmod 600 {path}`")
    return [f"{machine.name}: {fault}" for fault in found]


def _is_same_folder(here: Sequence[str], there: Sequence[str]) -> bool:
    """Compares the token, or, where none could be written, the names of the files."""
    return here[0] == there[0] if here[0] else bool(there[1]) and here[1] == there[1]


def _package_faults(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    def named(found: Mapping[str, str]) -> dict[str, str]:
        plain = "opencv-python"
        return {**found, plain: found[plain] or found[f"{plain}-headless"], f"{plain}-headless": ""}

    mine, others = named(here), named(there)
    return [
        f"has {name} {others[name] or '(none)'}, this machine has {mine[name] or 'none'}; install the same"
        for name in mine
        if mine[name] != others[name]
    ]
