import subprocess
import sys
from types import SimpleNamespace

import pytest

from common import command_line
from common.config import loading
from common.config.machine import MachineConfig
from common.errors import ConfigError, TrainingError
from common.report import study
from common.tools import report
from tests.support.made_up_results import write_result
from tests.support.running import PROJECT


@pytest.fixture
def base_dir(tmp_path):
    for index, score in enumerate((0.2, 0.4)):
        write_result(tmp_path, ("subset", 1, index), {"a": score, "b": score})
    return tmp_path


def config_of(base_dir):
    plan = SimpleNamespace(num_runs=1, models_per_run=3, top_ks=1)
    return SimpleNamespace(dataset=SimpleNamespace(base_dir=base_dir), study=plan, machine=MachineConfig())


def test_the_tool_writes_page_and_text_and_says_where(base_dir, capsys):
    assert report.main([str(base_dir)]) == 0
    page, text = base_dir / "report" / "report.html", base_dir / "report" / "report.md"
    assert capsys.readouterr().out.splitlines()[:2] == [f"page: {page}", f"text: {text}"]
    # (0.2 + 0.4) / 2
    assert "mIoU on test by both metrics: 0.300" in page.read_text(encoding="utf-8")
    assert "mIoU on test by both metrics: 0.300" in text.read_text(encoding="utf-8")


def test_out_puts_both_files_elsewhere(base_dir, tmp_path):
    assert report.main([str(base_dir), "--out", str(tmp_path / "other" / "mine.html")]) == 0
    assert {path.name for path in (tmp_path / "other").iterdir()} == {"mine.html", "mine.md"}
    assert not (base_dir / "report" / "report.html").exists()


def test_without_a_folder_the_one_of_config_ini_is_used(base_dir):
    text = (PROJECT / "config.ini").read_text(encoding="utf-8")
    config = base_dir / "config.ini"
    config.write_text(text.replace("BASE_DIR = data", "BASE_DIR = ."), encoding="utf-8")
    assert report.main(["--config", str(config)]) == 0
    # 2 models are there, the study asks for 3 runs of 10
    assert "28 of 30 trainings are missing" in (base_dir / "report" / "report.md").read_text(encoding="utf-8")


def test_a_report_with_another_ending_is_refused(base_dir):
    with pytest.raises(ConfigError, match="--out"):
        report.main([str(base_dir), "--out", "report.pdf"])


def test_nothing_to_report_on_is_one_line_without_a_traceback(tmp_path):
    command = [sys.executable, "-m", "common.tools.report", tmp_path]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path}: holds nothing of a study")
    assert len(done.stderr.splitlines()) == 1


def run_step(monkeypatch, base_dir, main):
    """Runs a step of this process as `run_step` does between its lock and its end."""
    monkeypatch.setattr(sys, "argv", ["step"])
    monkeypatch.setattr(loading, "load_config", lambda *_: config_of(base_dir))
    monkeypatch.setattr(command_line, "_end_like_ctrl_c", lambda: None)
    monkeypatch.setattr(command_line, "show_log", lambda log: None)
    monkeypatch.setattr(command_line, "keep_log", lambda log, path: None)
    command_line.run_step(command_line.read_arguments("Step 09: made up."), main)


def test_a_step_leaves_the_report(base_dir, monkeypatch):
    run_step(monkeypatch, base_dir, lambda config, dry_run: None)
    assert "1 of 3 trainings are missing" in (base_dir / "report" / "report.md").read_text(encoding="utf-8")


def test_a_step_whose_trainings_failed_leaves_the_report_and_fails(base_dir, monkeypatch):
    def fail(config, dry_run):
        raise TrainingError("1 of 3 trainings failed")

    with pytest.raises(SystemExit) as stopped:
        run_step(monkeypatch, base_dir, fail)
    assert stopped.value.code == 1
    assert (base_dir / "report" / "report.html").is_file()


def test_a_report_that_cannot_be_written_does_not_fail_the_step(base_dir, monkeypatch, caplog):
    def break_(*arguments, **keywords):
        raise RuntimeError("no ink")

    monkeypatch.setattr(study, "write_report", break_)
    monkeypatch.setattr(command_line.log, "propagate", True)
    run_step(monkeypatch, base_dir, lambda config, dry_run: None)
    assert "the report could not be written: no ink" in caplog.text


def test_a_dry_run_writes_no_report(base_dir, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["step", "--dry-run"])
    monkeypatch.setattr(loading, "load_config", lambda *_: config_of(base_dir))
    monkeypatch.setattr(command_line, "_end_like_ctrl_c", lambda: None)
    monkeypatch.setattr(command_line, "show_log", lambda log: None)
    command_line.run_step(command_line.read_arguments("Step 09: made up."), lambda config, dry_run: None)
    assert not (base_dir / "report").exists()
