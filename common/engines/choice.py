"""Which engine a program works with: by config.ini, or by the environment, which the option --engine sets for tools."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from common.engines.engine import Engine
from common.engines.local import LocalEngine
from common.engines.sharing import Sharing
from common.errors import ConfigError

ENGINE, ADDRESS, TOKEN = "CITYSCAPES_ENGINE", "CITYSCAPES_ENGINE_ADDRESS", "CITYSCAPES_ENGINE_TOKEN"
NAMES = ("local", "ray")
TOKENS = ("required", "none")


@dataclass(frozen=True)
class EngineChoice:
    """An engine, and what it needs to know.

    Attributes:
        name: One of `NAMES`.
        address: Of the cluster; "" for the one that runs on this machine.
        needs_token: Whether a cluster that lets anybody in is refused.
        sharing: How trainings share the machines.
    """

    name: str = "local"
    address: str = ""
    needs_token: bool = True
    sharing: Sharing = field(default_factory=Sharing)


def choice_of_environment() -> EngineChoice:
    """Reads the choice of a tool from the environment.

    Raises:
        ConfigError: Names the variable.
    """
    return EngineChoice(_word(ENGINE, NAMES), os.environ.get(ADDRESS, "").strip(), _word(TOKEN, TOKENS) == "required")


def _word(variable: str, allowed: Sequence[str]) -> str:
    word = os.environ.get(variable, "").strip() or allowed[0]
    if word not in allowed:
        raise ConfigError(f"{variable} = {word} (environment): expected one of {', '.join(allowed)}")
    return word


def make_engine(choice: EngineChoice, folders: Sequence[Path] = ()) -> Engine:
    """Makes an engine; a cluster is not asked before there is work.

    Args:
        choice: What is asked for.
        folders: What every machine of a cluster has to share with this one, besides the project.

    Raises:
        ConfigError: If the launcher of trainings is missing.
    """
    sharing = replace(choice.sharing, launcher=_found(choice.sharing.launcher))
    if choice.name == "ray":
        from common.engines.ray import RayEngine  # takes a while, and few need it

        return RayEngine(choice.address, choice.needs_token, sharing, folders)
    return LocalEngine(sharing)


def _found(launcher: tuple[str, ...]) -> tuple[str, ...]:
    """Puts the whole path of the program into the words of a launcher: trainings start in another folder."""
    if not launcher:
        return ()
    program = shutil.which(launcher[0])
    if program is None:
        raise ConfigError(
            f"TRAINING_LAUNCHER = {' '.join(launcher)}: there is no program {launcher[0]} on this machine; start the "
            "step where it is installed, or leave the key empty"
        )
    return str(Path(program).absolute()), *launcher[1:]


def named_folders(words: Sequence[str]) -> list[Path]:
    """Lists the folders that the words of a command line name, or that hold what they name."""
    places = [Path(word) for word in words if word and not word.startswith("-")]
    folders = [place if place.is_dir() else place.absolute().parent for place in places if place.parent.is_dir()]
    return sorted({folder.resolve() for folder in folders})
