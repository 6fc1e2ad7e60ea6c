"""What the names of splits stand for: a split that is called valid or val2017 is for validation.

Names stay as they are on disk; the role decides where a format or a step asks for training, validation and test data.
If several splits have one role, the one whose name is the role plays it, else the first by name.
"""

from collections.abc import Iterable

# Names in lower case, by role. `train_extra`, Cityscapes' frames with coarse annotation, has no role.
ROLES = {
    "train": ("train", "training", "train2014", "train2017"),
    "val": ("val", "valid", "validation", "val2014", "val2017", "minival", "dev"),
    "test": ("test", "testing", "test2014", "test2015", "test2017"),
}
_ROLE_OF_NAME = {name: role for role, names in ROLES.items() for name in names}


def role_of(split: str) -> str:
    """Tells the role of a split, "train", "val" or "test", by its name in any case; "" if it has none of them."""
    return _ROLE_OF_NAME.get(split.lower(), "")


def split_of_role(role: str, splits: Iterable[str]) -> str | None:
    """Finds the split that plays a role, by the rule above; None if none of them does."""
    found = [split for split in splits if role_of(split) == role]
    return min(found, key=lambda split: (split != role, split), default=None)


def unused_notes(splits: Iterable[str]) -> list[str]:
    """Writes a note on each split whose role another one plays."""
    splits = sorted(set(splits))
    chosen = {role: split_of_role(role, splits) for role in ROLES}
    return [
        f"the splits {chosen[role]} and {split} are both {role} data; {chosen[role]} is taken for {role}"
        for split in splits
        if (role := role_of(split)) and split != chosen[role]
    ]
