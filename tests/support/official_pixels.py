"""The official script for pixels as an oracle: asked about files, and held against a result number by number."""

import math

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as official


def ask_official_pixels(predictions, truth, monkeypatch):
    """Evaluates predictions, a list of files, against labelIds, a list of the same order; returns the result."""
    if not hasattr(np, "in1d"):  # gone from numpy 2.4, which the script does not know
        monkeypatch.setattr(np, "in1d", lambda a, b, **k: np.isin(np.ravel(a), b, **k), raising=False)
    monkeypatch.setattr(official.args, "quiet", True)
    monkeypatch.setattr(official.args, "JSONOutput", False)
    return official.evaluateImgLists([str(path) for path in predictions], [str(path) for path in truth], official.args)


def assert_as_official(ours, theirs):
    """Holds every number of the official result against ours, which has None where it has NaN."""
    assert set(theirs) <= set(ours)
    expected = dict(_leaves(theirs))
    found = dict(_leaves({key: ours[key] for key in theirs}))
    assert list(found) == list(expected)
    for path, value in expected.items():
        if isinstance(value, float) and math.isnan(value):
            assert found[path] is None, path
        else:
            assert found[path] == pytest.approx(value, abs=1e-9), path


def _leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, place))
    else:
        yield path, value
