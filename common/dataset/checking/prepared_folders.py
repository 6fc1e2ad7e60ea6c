"""Checks prepared folders against their manifests, and the folders against each other.

A folder is what its step wrote if every file in the manifest is there with its size and checksum and nothing else is.
Beyond that, images and masks are decoded and measured by the settings: their size, and the classes of the masks. The
parts of a divided split must share no frame and leave none out.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from common.dataset.checking.prepared_files import FileJob, check_file, problem_of
from common.dataset.checking.report import CheckReport, Problem, SplitReport
from common.dataset.prepared.augment import augmented_names
from common.dataset.prepared.folders import FOLDERS, PreparedFolder, find_folders, is_prepared_folder
from common.dataset.prepared.stages import Manifest, list_files
from common.errors import ConfigError, DataError
from common.labels.cityscapes import IGNORE
from common.parallel import run_all
from common.text import first_few

_ORIGINAL = "original_data"
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class _Folder:
    """A prepared folder and the files that are there, with their sizes."""

    found: PreparedFolder
    present: dict[str, int] = field(hash=False)

    @property
    def name(self) -> str:
        return self.found.name

    @property
    def path(self) -> Path:
        return self.found.path

    @property
    def manifest(self) -> Manifest | None:
        return self.found.manifest

    @property
    def files(self) -> Collection[str]:
        """Names of the files that belong there, for example "images/a.png"."""
        return self.present if self.manifest is None else self.manifest.files

    @property
    def names(self) -> set[str]:
        """Names of the images, ending included."""
        return {name.removeprefix("images/") for name in self.files if name.startswith("images/")}

    @property
    def way_out(self) -> str:
        """How to fix the folder."""
        if self.manifest is None:
            return f"make {self.name} again"
        return f"delete the folder {self.name} and run {self.manifest.written_by} again"


def check_prepared(source: Path, splits: Collection[str] = (), workers: int = 1) -> CheckReport:
    """Checks BASE_DIR or one prepared folder.

    Args:
        source: The folder.
        splits: Names of the folders to check; () takes all.
        workers: Number of processes.

    Raises:
        ConfigError: If a wanted folder is not there.
        DataError: If one cannot be listed.
    """
    found = {folder.name: folder for folder in find_folders(source)}
    if wrong := [name for name in splits if name not in found]:
        raise ConfigError(f"{source}: has no prepared folder {wrong[0]!r}; found: {', '.join(sorted(found))}")
    folders = {name: _open(found[name]) for name in sorted(splits or found)}
    problems = [
        problem_of(folder.name, "manifest", folder.path, folder.found.problem)
        for folder in folders.values()
        if folder.found.problem
    ]
    jobs: list[FileJob] = []
    for folder in folders.values():
        problems += _file_list_problems(folder)
        jobs += _file_jobs(folder)
    problems += _problems_between(folders)
    results = run_all(check_file, jobs, workers, "check", "file")
    problems += [problem for result in results for problem in result]
    notes = []
    if (source / _ORIGINAL).is_dir() and not is_prepared_folder(source):
        notes.append(f"the original was not checked; ask for {source / _ORIGINAL}")
    problems.sort(key=lambda problem: problem.split)
    reports = tuple(_split_report(folder, problems) for folder in folders.values())
    return CheckReport(str(source), "prepared", reports, tuple(problems), tuple(notes))


def _open(found: PreparedFolder) -> _Folder:
    try:
        return _Folder(found, list_files(found.path))
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be listed: {error.strerror}") from error


def _file_list_problems(folder: _Folder) -> Iterator[Problem]:
    """Compares the files that are there with those of the manifest, and images with masks."""
    found, wanted = folder.present, folder.files
    for name in wanted:
        path = folder.path / name
        if name not in found:
            yield problem_of(folder.name, "missing", path, f"{path}: is missing; {folder.way_out}")
        elif folder.manifest is not None and found[name] != folder.manifest.files[name][0]:
            sizes = f"has {found[name]:,} bytes, {folder.manifest.files[name][0]:,} were written"
            yield problem_of(folder.name, "changed", path, f"{path}: {sizes}; {folder.way_out}")
    for name in found.keys() - set(wanted):
        path = folder.path / name
        message = f"{path}: was put there by somebody else; move it out of {folder.name}"
        yield problem_of(folder.name, "foreign", path, message)
    for name in wanted:
        part, _, file = name.partition("/")
        other = {"images": "masks", "masks": "images"}.get(part)
        if other and f"{other}/{file}" not in wanted:
            path = folder.path / name
            message = f"{path}: has no partner {other}/{file}; {folder.way_out}"
            yield problem_of(folder.name, "unpaired", path, message)


def _file_jobs(folder: _Folder) -> Iterator[FileJob]:
    size_wh, classes, entries = None, None, {}
    if folder.manifest is not None:
        size_wh, entries = folder.manifest.size_wh, folder.manifest.files
        if folder.manifest.label_map is not None:
            label_map = folder.manifest.label_map
            # Networks may answer with a class that no label has, such as class 1 of the study.
            there = range(len(label_map)) if folder.manifest.is_pseudo_labels else label_map.class_of_id
            classes = tuple(sorted({*there, *([IGNORE] if folder.manifest.ignores else [])}))
    for name, found in folder.present.items():
        written = entries.get(name)
        as_written = written is None or written[0] == found
        if name in folder.files and as_written and name.partition("/")[0] in FOLDERS:
            yield FileJob(folder.name, folder.path / name, written, size_wh, classes, folder.way_out)


def _problems_between(folders: dict[str, _Folder]) -> Iterator[Problem]:
    """Compares folders: the parts of a divided one, copies of the augmented one, and what each was made from."""
    by_path = {folder.path: folder for folder in folders.values()}
    parts_of: dict[tuple[Path, tuple[str, ...]], list[_Folder]] = {}
    for folder in folders.values():
        source = by_path.get(folder.found.source) if folder.found.source else None
        if folder.manifest is None or source is None or source.manifest is None:
            continue
        if folder.manifest.inputs != source.manifest.content_fingerprint:
            message = f"{folder.path}: was made from an older {source.name}; {folder.way_out}"
            yield problem_of(folder.name, "outdated", folder.path, message)
        if folder.manifest.parts:
            parts_of.setdefault((source.path, folder.manifest.parts), []).append(folder)
        if (copies := folder.manifest.copies) is not None:
            stems = (Path(image).stem for image in source.names)
            wanted = {image for stem in stems for image in augmented_names(stem, copies)}
            if wanted != folder.names:
                text = f"{source.name} with {copies} copies of each of its {len(source.names):,} images"
                yield _set_problem(folder, folder.names ^ wanted, f"is not {text}; frames too many or too few")
    for (path, _), parts in parts_of.items():
        yield from _problems_of_parts(by_path[path], parts)


def _problems_of_parts(source: _Folder, parts: list[_Folder]) -> Iterator[Problem]:
    if len(parts) < 2:
        return
    shared = set.intersection(*(part.names for part in parts))
    together = {name for part in parts for name in part.names}
    others = " and ".join(part.name for part in parts[1:])
    if shared:
        yield _set_problem(parts[0], shared, f"shares frames with {others}")
    if left_out := source.names - together:
        yield _set_problem(parts[0], left_out, f"together with {others} leaves out frames of {source.name}")
    if added := together - source.names:
        yield _set_problem(parts[0], added, f"together with {others} holds frames that {source.name} does not have")


def _set_problem(folder: _Folder, names: set[str], what: str) -> Problem:
    message = f"{folder.path}: {what} ({len(names):,}): {first_few(sorted(names), _NAMES_SHOWN)}; {folder.way_out}"
    return problem_of(folder.name, "split", folder.path, message)


def _split_report(folder: _Folder, problems: list[Problem]) -> SplitReport:
    counts = Counter(name.partition("/")[0] for name in folder.present)
    affected = {problem.frame for problem in problems if problem.split == folder.name and problem.frame}
    remarks = []
    if folder.manifest is not None:
        if folder.manifest.size_wh is not None:
            remarks.append("the manifest says {}x{} pixels".format(*folder.manifest.size_wh))
        remarks.append(f"written by {folder.manifest.written_by[:40]}")
    parts = {part: counts[part] for part in FOLDERS}
    return SplitReport(folder.name, len(folder.names), None, parts, len(affected), {}, tuple(remarks))
