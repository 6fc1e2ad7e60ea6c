import re
import subprocess
import sys
import venv

import pytest

from common import installation
from tests.support.running import PROJECT


def test_what_is_missing_is_said_in_one_sentence_with_the_way_out(monkeypatch):
    monkeypatch.setattr(installation, "_PACKAGES", ("numpy", "no_such_package"))
    with pytest.raises(SystemExit, match=r"error: no_such_package not installed for Python .*; run `make setup`"):
        installation.check_installation()


def test_a_missing_system_library_names_the_packages_of_the_system(monkeypatch):
    def without_library(name):
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(installation.importlib, "import_module", without_library)
    with pytest.raises(SystemExit, match=r"libGL\.so\.1.*sudo apt install libgl1"):
        installation.check_installation()


def test_an_old_python_is_told_so(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 8, 10))
    with pytest.raises(SystemExit, match=r"Python 3\.11, 3\.12 or 3\.13 is needed"):
        installation.check_installation()


def test_a_script_in_a_bare_python_says_what_to_install(tmp_path):
    venv.create(tmp_path / "bare")
    python = next((tmp_path / "bare").glob("[bS]*/python*"))
    script = next(PROJECT.glob("00_*.py"))
    done = subprocess.run([python, "-I", "-c", f"import sys; sys.path.insert(0, {str(PROJECT)!r}); "
                           f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 1
    assert "requirements.lock" in done.stderr
    assert "Traceback" not in done.stderr


def test_both_builds_of_opencv_are_locked_in_the_same_version():
    def version(lock, name):
        lines = (PROJECT / lock).read_text(encoding="utf-8").splitlines()
        return next(line.split("==")[1].split()[0] for line in lines if line.startswith(f"{name}=="))

    with_windows = version("requirements.lock", "opencv-python")
    assert version(".ci/headless.lock", "opencv-python-headless") == with_windows
    assert version("requirements-dev.lock", "opencv-python") == with_windows


def test_what_is_added_for_export_changes_no_other_version():
    versions = [
        dict(re.findall(r"^([\w.-]+)==([^ ;]+)", (PROJECT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-export.lock")
    ]
    assert {"onnx", "onnxruntime", "tf2onnx"} <= versions[1].keys() - versions[0].keys()
    assert all(versions[0].get(name, number) == number for name, number in versions[1].items())
