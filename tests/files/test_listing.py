from pathlib import Path

from common.files.listing import list_files_of


def test_two_files_that_differ_in_the_case_of_their_endings_are_both_there(tmp_path):
    for name in ("a.png", "a.PNG", "b.JPG", "c.D/e.Txt", "no_ending"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    found = list_files_of(tmp_path)
    assert list(found.sources) == ["a.PNG", "a.png", "b.jpg", "c.D/e.txt", "no_ending"]
    for name in ("a.png", "a.PNG", "b.JPG", "c.D/e.Txt", "no_ending"):
        assert found[name].read_bytes() == name.encode()
    assert "b.jpg" in found and Path(found["b.jpg"].path).name == "b.JPG" and "A.png" not in found
