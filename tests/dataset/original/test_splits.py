from common.dataset.original.splits import role_of, split_of_role, unused_notes


def test_names_of_splits_stand_for_roles_in_any_case():
    names = ("train2017", "Training", "valid", "val2014", "dev", "testing", "train_extra", "labels", "")
    assert [role_of(name) for name in names] == ["train", "train", "val", "val", "val", "test", "", "", ""]


def test_the_split_named_like_the_role_comes_before_others_and_the_first_by_name_next():
    assert split_of_role("val", ("valid", "train", "val")) == "val"
    assert split_of_role("val", ("valid", "dev")) == "dev"
    assert split_of_role("test", ("valid", "train")) is None


def test_a_second_split_of_a_role_is_noted():
    assert unused_notes(["valid", "val", "train", "extra"]) == [
        "the splits val and valid are both val data; val is taken for val"
    ]
