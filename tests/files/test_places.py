from pathlib import Path

from common.files.places import absolute_path


def test_a_path_is_absolute_without_dots_and_leads_to_the_same_file(tmp_path, monkeypatch):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "deep")
    (tmp_path / "a" / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert absolute_path("a/../link/../file") == tmp_path.resolve() / "a" / "file"
    assert absolute_path("../nothing") == tmp_path.resolve().parent / "nothing"


def test_links_stay_as_they_are(tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert absolute_path(Path("link") / "x") == Path.cwd() / "link" / "x"
