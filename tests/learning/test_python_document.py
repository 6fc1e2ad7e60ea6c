"""The code of docs/python.md, run from top to bottom as a notebook runs it, far from the folder of the project."""

import json
import pickle
import random
import re
import shutil
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from common.config.settings import NetworkSettings
from common.formats.conversion import read
from common.labels.maps import study_label_map
from common.learning.backend import machine as backend
from common.learning.network.model_card import ModelCard, add_card
from tests.support.notebook import NOTEBOOK, TEXT, notebook_of
from tests.support.running import PROJECT
from tests.support.toy_network import plain_form

SNIPPETS = re.findall(r"```python\n(.*?)```", TEXT.read_text(encoding="utf-8"), re.S)
on_tensorflow = pytest.mark.skipif(backend.backend_name() != "tensorflow", reason="the code uses tf.data")


class DataLoader:
    """Does with a map-style dataset what PyTorch's loader does: each worker gets a copy and asks it for numbers."""

    def __init__(self, dataset, batch_size=1, shuffle=False, num_workers=0):
        self._copies = [pickle.loads(pickle.dumps(dataset)) for _ in range(max(1, num_workers))]
        self._numbers = list(range(len(dataset)))
        self._size = batch_size
        if shuffle:
            random.Random(0).shuffle(self._numbers)

    def __iter__(self):
        for start in range(0, len(self._numbers), self._size):
            copy = self._copies[start % len(self._copies)]
            items = [copy[number] for number in self._numbers[start : start + self._size]]
            yield tuple(np.stack(arrays) for arrays in zip(*items, strict=True))


@pytest.fixture
def workplace(tmp_path, prepared, demo_tree, monkeypatch):
    """A folder with a BASE_DIR in it, where one works."""
    base = tmp_path / "cityscapes"
    (base / "models").mkdir(parents=True)
    (base / "original_data").symlink_to(demo_tree, target_is_directory=True)
    shutil.copytree(prepared / "val", base / "val")
    model = base / "models" / "CITYSCAPES_subset_1_0.keras"
    plain_form(NetworkSettings(height=32, width=64)).save(model)
    add_card(model, ModelCard(name=model.stem, label_map=study_label_map(), size_wh=(64, 32), preparation="study"))
    torch = {name: ModuleType(name) for name in ("torch", "torch.utils", "torch.utils.data")}
    torch["torch.utils.data"].DataLoader = DataLoader
    for name, module in torch.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def form(line):
    """A line without its numbers."""
    return re.sub(r"\d+([,.]\d+)*", "#", line.strip())


@on_tensorflow
def test_the_code_of_the_document_runs_and_prints_what_its_comments_say(workplace, capsys):
    names = {}
    for snippet in SNIPPETS:
        exec(compile(snippet, "docs/python.md", "exec"), names)
    printed = [form(line) for line in capsys.readouterr().out.splitlines()]
    said = re.findall(r"^print\(.*\)  # (\w+\(.+)$", "\n".join(SNIPPETS), re.M)
    assert len(said) == 3
    for line in said:
        assert form(line) in printed
    assert printed.count(form("(2, 32, 64, 3) (2, 32, 64)")) == 2 * 2  # 4 pairs, by PyTorch and by TensorFlow
    assert names["probabilities"].shape == (32, 64, 35)
    assert names["found"].ids.shape == names["photograph"].shape[:2] == (64, 128)
    assert [len(read(path)) for path in ("persons", "persons.zip", "meadows", "meadows_voc")] == [8, 8, 3, 3]


def test_the_notebook_has_the_text_and_the_code_of_the_document():
    notebook = NOTEBOOK.read_text(encoding="utf-8")
    assert notebook == notebook_of(TEXT.read_text(encoding="utf-8")), "run: python -m tests.support.notebook"
    cells = ["".join(cell["source"]) for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    assert cells == [snippet.strip() for snippet in SNIPPETS]


def test_a_notebook_in_another_folder_finds_everything_also_in_its_workers(workplace):
    code = f"import sys; sys.path.append({str(PROJECT)!r})\n" + "\n".join(SNIPPETS[:3])
    assert '"meadows_voc", "voc")' in code
    code = code.replace('"meadows_voc", "voc")', '"meadows_voc", "voc", workers=2)')
    done = subprocess.run(
        [sys.executable, "-W", "error", "-"], input=code, cwd=workplace, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert len(read("meadows_voc")) == 3
