"""Checks a dataset, original or prepared, and lists everything that is wrong with it.

The files of an original must be complete, of one size and consistent; prepared folders must be what their manifests
say. One broken file does not stop the others. Nothing is written or repaired.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from common.dataset.checking.frames import IMAGE, KINDS, FrameJob, FrameResult, check_frame, files_of
from common.dataset.checking.prepared_folders import check_prepared
from common.dataset.checking.report import CheckReport, Problem, SplitReport
from common.dataset.original.layouts import Frame, Layout, read_layout
from common.dataset.original.train_ids import MAKE_IDS, label_id_files, train_id_notes
from common.dataset.prepared.folders import is_prepared
from common.errors import ConfigError
from common.files.places import absolute_path
from common.labels.tables import CITYSCAPES, LabelTable
from common.parallel import check_workers, run_all
from common.text import count

# Frames and cities of the splits as they can be downloaded.
OFFICIAL_COUNTS = {"train": (2975, 18), "val": (500, 3), "test": (1525, 6), "train_extra": (19998, 23)}


def check_data(
    source: Path,
    splits: Collection[str] = (),
    truth: str | None = None,
    table: LabelTable = CITYSCAPES,
    workers: int = 1,
) -> CheckReport:
    """Checks every frame of a dataset.

    Args:
        source: An original in any layout `read_layout` knows, folder or zip; or BASE_DIR, or one prepared folder.
        splits: Names of the splits to check; () takes all.
        truth: `gtFine` or `gtCoarse`, for an original; None takes the fine annotation where there is any.
        table: The labels of an original.
        workers: Number of processes.

    Raises:
        DataError: If there is nothing to check, a frame is there twice, or a zip cannot be opened.
        ConfigError: If a wanted split does not exist, or `workers` is below 1.
    """
    check_workers(workers)
    source = absolute_path(source)  # workers may have been started in another folder
    if is_prepared(source):
        return check_prepared(source, splits, workers)
    layout = read_layout(source, truth)
    frames_of: dict[str, list[Frame]] = {}
    for frame in layout.frames:
        frames_of.setdefault(frame.split, []).append(frame)
    chosen = choose_splits(source, frames_of, splits)
    has = {name: Counter(kind for frame in frames_of[name] for kind in files_of(frame)) for name in chosen}
    jobs = [
        FrameJob(frame, layout.truth, tuple(kind for kind in KINDS if kind in has[name]), table)
        for name in chosen
        for frame in frames_of[name]
    ]
    results = list(run_all(check_frame, jobs, workers, "check"))
    reports = tuple(_split_report(name, has[name], results) for name in chosen)
    # Missing parts of frames are problems of these frames.
    problems = [Problem("source", str(layout.root), fault) for fault in layout.faults]
    problems += [problem for name in chosen for problem in _nothing_checked(name, has[name], layout)]
    if table.is_official:
        masks = label_id_files(frame.files for name in chosen for frame in frames_of[name])
        problems += [
            Problem("train ids", str(masks[0]), f"{source}: {note}") for note in train_id_notes(masks, MAKE_IDS)
        ]
    problems += [problem for result in results for problem in result.problems]
    return CheckReport(str(source), "original", reports, tuple(problems), layout.remarks)


def choose_splits(source: Path, found: Collection[str], wanted: Collection[str]) -> list[str]:
    """Chooses the splits to check.

    Args:
        source: Where they were looked for; named in errors.
        found: Names of the splits that are there.
        wanted: Names of those to check; () takes all.

    Returns:
        Names, sorted.

    Raises:
        ConfigError: If a wanted split does not exist; names those that do.
    """
    for name in wanted:
        if name not in found:
            names = ", ".join(sorted(found)) or "none"
            raise ConfigError(f"{source}: has no split {name!r}; found: {names}")
    return [name for name in sorted(found) if not wanted or name in wanted]


def _nothing_checked(name: str, counts: Mapping[str, int], layout: Layout) -> Iterator[Problem]:
    """Finds what could not be checked in a split although files of that sort may be there."""
    split = f"{layout.root}: no frame of the split {name or '(none)'}"
    if not counts.get(IMAGE) and (pictures := layout.passed_over.photographs()):
        passed_over = count(pictures, "picture was", "pictures were")
        message = f"{split} has a photograph (<frame>_leftImg8bit.png), but {passed_over} passed over; see the notes"
        yield Problem("nothing checked", str(layout.root), message, name)
    if any(counts.get(kind) for kind in KINDS[1:]):
        return
    other = Counter(kind for frame in layout.frames if frame.split == name for kind in frame.files)
    found = ", ".join(f"{kind} ({amount:,})" for kind, amount in sorted(other.items()))
    if found:
        message = f"{split} has ground truth that can be read ({', '.join(KINDS[1:])}); found only {found}"
        yield Problem("nothing checked", str(layout.root), message, name)


def _split_report(name: str, counts: Mapping[str, int], results: list[FrameResult]) -> SplitReport:
    results = [result for result in results if result.split == name]
    return SplitReport(
        name,
        len(results),
        len({result.city for result in results}),
        {kind: counts.get(kind, 0) for kind in KINDS},
        sum(bool(result.problems) for result in results),
        dict(Counter(result.size for result in results if result.size)),
        tuple(_remarks(name, counts, results)),
    )


def _remarks(name: str, counts: Mapping[str, int], results: list[FrameResult]) -> Iterator[str]:
    frames, cities = len(results), len({result.city for result in results})
    if name in OFFICIAL_COUNTS:
        all_frames, all_cities = OFFICIAL_COUNTS[name]
        official = f"the official {all_frames:,} frames in {all_cities} cities"
        if (frames, cities) == (all_frames, all_cities):
            yield f"{official} are all there"
        elif frames < all_frames:
            yield f"fewer than {official}: a part of them, or another dataset"
        else:
            yield f"not {official}: another dataset"
    absent = [kind for kind in KINDS if not counts.get(kind)]
    if set(absent) >= set(KINDS[1:]):
        absent = ["annotation", *(kind for kind in absent if kind == IMAGE)]
    if absent:
        yield f"no frame has {' or '.join(absent)}; nothing was checked there"
    without_truth = [result.is_void for result in results if result.is_void is not None]
    if without_truth and all(without_truth):
        yield "the ground truth is all void, a placeholder like the official test split; nothing can be scored on it"
