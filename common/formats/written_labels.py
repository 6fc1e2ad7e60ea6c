"""Which labels are written to formats that hold some of them: those asked for, or a default."""

from common.errors import ConfigError


def choose_labels(table, classes):
    """Finds the labels of some names, in the order of the table.

    Args:
        table: `LabelTable`.
        classes: Names.

    Returns:
        List of `Label`s.

    Raises:
        ConfigError: If a name is not in the table or is never painted; names those that are.
    """
    chosen = {name: table.find(name) for name in classes}
    for name, label in chosen.items():
        if label is None or label.id < 0:
            there = ", ".join(label.name for label in table if label.id >= 0)
            raise ConfigError(f"there is no class {name!r} that is painted; the classes are {there}")
    return [label for label in table if label in chosen.values()]


def evaluated_labels(table):
    """Lists the labels that are evaluated: Cityscapes' 19, or all of another table; never its background."""
    background = table.find(table.background) if table.background is not None else None
    return [
        label
        for label in table
        if label.id >= 0 and label is not background and not (table.is_official and label.ignore_in_eval)
    ]


def counted_labels(table, classes):
    """Chooses the labels of a format of objects: those asked for, or the evaluated ones whose objects are counted.

    Args:
        table: `LabelTable`.
        classes: Names, or () for the default.

    Returns:
        List of `Label`s in the order of the table.

    Raises:
        ConfigError: If a name is not in the table or is never painted, or there is no label to write.
    """
    labels = choose_labels(table, classes) if classes else _evaluated_and_counted(table)
    if not labels:
        raise ConfigError("the objects of no label are counted, so there is nothing to write; choose --classes")
    return labels


def _evaluated_and_counted(table):
    return [label for label in evaluated_labels(table) if label.has_instances]
