"""The layers of docs/architecture.md, held against the imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
COMMON = PROJECT / "common"

# From the ground up; a part may import itself and what stands in the lines above it.
LAYERS = (
    {"errors", "text", "installation"},
    {"engines", "messages"},
    {"parallel"},
    {"files"},
    {"labels", "images"},
    {"config"},
    {"dataset", "pages"},
    {"demo", "formats"},
    {"evaluation", "stats"},
    {"results", "inspection"},
    {"methods"},
    {"learning", "report"},
    {"arguments"},
    {"command_line"},
    {"tools"},
)
HEAVY = {"keras", "tensorflow", "jax", "torch", "matplotlib", "ray"}
KNOWS_RAY = "engines/ray.py"
# Who may know a back end, and who sees all of config.ini.
KNOWS_BACK_ENDS = {
    f"learning/{name}.py"
    for name in ("backend/machine", "backend/operations", "exporting/onnx_form", "exporting/runtimes")
}
SEES_CONFIG = {"config", "command_line", "tools"} | {
    f"learning/experiments/{name}" for name in ("experiment", "consistency", "chain", "generations", "evalnets")
}
# Parts of `learning` that only start processes.
STARTS_PROCESSES = ("experiment", "processes", "jobs", "consistency", "chain", "generations", "evalnets")


def modules():
    return sorted(COMMON.rglob("*.py"))


def part_of(path):
    return path.relative_to(COMMON).with_suffix("").parts[0]


def imports(path, at_start_only=False):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_start_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(part):
    return next(index for index, layer in enumerate(LAYERS) if part in layer)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(COMMON).as_posix())
def test_a_module_imports_only_what_stands_below_it(path):
    part = part_of(path)
    if part in ("__init__", "__main__"):
        return
    for name in imports(path):
        if name.startswith("common.") and len(name.split(".")) > 1:
            other = name.split(".")[1]
            assert other == part or layer_of(other) < layer_of(part), name


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(COMMON).as_posix())
def test_only_learning_imports_keras_and_only_one_module_a_back_end(path):
    found = {name.split(".")[0] for name in imports(path)} & HEAVY
    place = path.relative_to(COMMON).as_posix()
    if place == KNOWS_RAY:
        assert found == {"ray"}
    elif part_of(path) != "learning":
        assert not found
    elif place not in KNOWS_BACK_ENDS:
        assert found <= {"keras"}


def test_everything_below_learning_starts_without_heavy_packages():
    names = [
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for path in modules()
        if part_of(path) in set().union(*LAYERS[: layer_of("learning")])
    ]
    names += [f"common.learning.experiments.{name}" for name in STARTS_PROCESSES] + ["common.command_line"]
    code = f"import sys\nfor name in {names}: __import__(name)\nprint(sorted(set(sys.modules) & {HEAVY | {'sklearn'}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_is_shown_before_anything_that_takes_long_is_imported():
    scripts = [str(path) for path in sorted(PROJECT.glob("[0-9][0-9]_*.py"))]
    tools = [f"common.tools.{path.stem}" for path in sorted((COMMON / "tools").glob("[a-z]*.py"))]
    code = (
        "import contextlib, runpy, sys\n"
        f"for run, names in ((runpy.run_path, {scripts}), (runpy.run_module, {tools})):\n"
        "    for name in names:\n"
        "        sys.argv = [name, '--help']\n"
        "        with contextlib.suppress(SystemExit): run(name, run_name='__main__', **({'alter_sys': True} if run is "
        "runpy.run_module else {}))\n"
        "        slow = {'keras', 'cv2', 'numpy', 'sklearn', 'pydantic', 'joblib', 'tqdm'} & set(sys.modules)\n"
        "        if slow: sys.exit(f'{name} imports {slow}')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("usage: ") == len(scripts) + len(tools)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(COMMON).as_posix())
def test_only_the_top_sees_the_whole_config(path):
    if {"common.config.loading", "common.config.config"} & set(imports(path)):
        place = path.relative_to(COMMON).with_suffix("").as_posix()
        assert part_of(path) in SEES_CONFIG or place in SEES_CONFIG


def test_numbered_scripts_are_short_and_say_what_they_read_and_write():
    scripts = sorted(PROJECT.glob("[0-9][0-9]_*.py"))
    assert len(scripts) == 15
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 40, script.name
        docstring = ast.get_docstring(ast.parse(text))
        assert docstring.startswith(f"Step {script.name[:2]}: ")
        assert "Reads " in docstring
        assert "Writes " in docstring


def test_library_code_raises_and_never_asserts():
    for path in modules():
        assert not [
            node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Assert)
        ]


def test_nothing_unsafe_is_used_to_read_files_of_strangers():
    for path in modules():
        names = {name.split(".")[0] for name in imports(path)}
        # h5py: HDF5 has faults that a damaged file can reach.
        assert not names & {"pickle", "marshal", "shelve", "dill", "h5py"}, path
        text = path.read_text(encoding="utf-8")
        assert "allow_pickle=True" not in text
        assert "safe_mode=False" not in text
        # Saved networks are read by learning/network/saved.
        assert "saving.load_model" not in text
        assert "load_weights" not in text
