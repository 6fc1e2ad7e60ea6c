import pytest
from pydantic import Field

from common.errors import DataError
from common.files.models import FileModel, read_model


class Street(FileModel):
    name: str
    lanes: int = Field(ge=1)
    size_wh: tuple[int, int] = (1, 1)


def test_a_model_is_read_with_its_types(tmp_path):
    (tmp_path / "a.json").write_text('{"name": "Ring", "lanes": 2, "size_wh": [4, 3]}')
    assert read_model(tmp_path / "a.json", Street) == Street(name="Ring", lanes=2, size_wh=(4, 3))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ["not valid JSON"]),
        ('{"lanes": 2}', ["name", "missing"]),
        ('{"name": "Ring", "lanes": 0}', ["lanes = 0", "greater than or equal to 1"]),
        ('{"name": "Ring", "lanes": "2"}', ["lanes = '2'", "integer"]),
        ('{"name": "Ring", "lanes": 2, "width": 3}', ["unknown key width"]),
        ('{"name": "Ring", "lanes": 2, "size_wh": [1]}', ["size_wh"]),
    ],
)
def test_a_wrong_value_is_explained_in_one_line(tmp_path, text, words):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        read_model(path, Street)
    assert all(word in str(error.value) for word in [str(path), *words])
    assert "\n" not in str(error.value)
