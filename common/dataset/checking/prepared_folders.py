"""Checks prepared folders against their manifests, and the folders against each other.

A folder is what its step wrote if every file in the manifest is there with its size and checksum and nothing else is.
Beyond that, images and masks are decoded and measured by the settings: their size, and the classes of the masks. The
parts of a divided split must share no frame and leave none out.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from common.dataset.checking.prepared_files import FileJob, check_file, problem_of
from common.dataset.checking.report import CheckReport, SplitReport
from common.dataset.prepared.augment import augmented_names
from common.dataset.prepared.folders import (
    FOLDERS,
    SOURCE_OF_SPLIT,
    STEP_OF_SPLIT,
    _folders_of,
    _is_folder,
)
from common.errors import ConfigError, DataError
from common.files.stages import MANIFEST, content_fingerprint, list_files, read_manifest
from common.parallel import run_all
from common.text import first_few

_ORIGINAL = "original_data"
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class _Folder:
    """A prepared folder and what its manifest says; `manifest` is None where there is none that can be used."""

    name: str
    path: Path
    manifest: dict | None = field(hash=False)
    present: dict = field(hash=False)

    @property
    def files(self):
        """Names of the files that belong there, as "images/a.png"."""
        return self.present if self.manifest is None else self.manifest["files"]

    @property
    def names(self):
        """Names of the images, ending included."""
        return {name.removeprefix("images/") for name in self.files if name.startswith("images/")}

    @property
    def way_out(self):
        """What makes the folder anew."""
        if self.name in STEP_OF_SPLIT:
            return f"delete the folder {self.name} and run step {STEP_OF_SPLIT[self.name]} again"
        return f"make {self.name} again"


def check_prepared(source, splits=(), workers=1):
    """Checks BASE_DIR or one prepared folder.

    Args:
        source: The folder.
        splits: Names of the folders to check; () takes all.
        workers: Number of processes.

    Returns:
        `CheckReport`.

    Raises:
        ConfigError: If a wanted folder is not there.
        DataError: If one cannot be listed.
    """
    source = Path(source)
    paths = {source.absolute().name: source} if _is_folder(source) else _folders_of(source)
    if wrong := [name for name in splits if name not in paths]:
        raise ConfigError(f"{source}: has no prepared folder {wrong[0]!r}; found: {', '.join(sorted(paths))}")
    problems, folders, jobs = [], {}, []
    for name in sorted(splits or paths):
        folders[name] = _open(name, paths[name], problems)
    for folder in folders.values():
        problems += _file_list_problems(folder)
        jobs += _file_jobs(folder)
    problems += _problems_between(folders)
    results = run_all(check_file, jobs, workers, "check", "file")
    problems += [problem for result in results for problem in result]
    notes = []
    if (source / _ORIGINAL).is_dir() and not _is_folder(source):
        notes.append(f"the original was not checked; ask for {source / _ORIGINAL}")
    problems.sort(key=lambda problem: problem.split)
    reports = tuple(_split_report(folder, problems) for folder in folders.values())
    return CheckReport(str(source), "prepared", reports, tuple(problems), tuple(notes))


def _open(name, path, problems):
    manifest = None
    try:
        manifest = read_manifest(path)
        if manifest is None:
            message = f"{path}: has no {MANIFEST}, so no step has completed it; move it away and run its step again"
            problems.append(problem_of(name, "manifest", path, message))
    except DataError as error:
        problems.append(problem_of(name, "manifest", path / MANIFEST, str(error)))
    try:
        return _Folder(name, path, manifest, list_files(path))
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be listed: {error.strerror}") from error


def _file_list_problems(folder):
    """Compares the files that are there with those of the manifest, and images with masks."""
    found, wanted = folder.present, folder.files
    for name in wanted:
        path = folder.path / name
        if name not in found:
            yield problem_of(folder.name, "missing", path, f"{path}: is missing; {folder.way_out}")
        elif folder.manifest is not None and found[name] != wanted[name][0]:
            sizes = f"has {found[name]:,} bytes, {wanted[name][0]:,} were written"
            yield problem_of(folder.name, "changed", path, f"{path}: {sizes}; {folder.way_out}")
    for name in found.keys() - wanted.keys():
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


def _file_jobs(folder):
    settings = folder.manifest["settings"] if folder.manifest else {}
    size_wh = tuple(settings["size_wh"]) if "size_wh" in settings else None
    classes = _classes_of(folder)
    for name, found in folder.present.items():
        written = folder.files.get(name) if folder.manifest else None
        as_written = written is None or written[0] == found
        if name in folder.files and as_written and name.partition("/")[0] in FOLDERS:
            written = tuple(written) if written else None
            yield FileJob(folder.name, folder.path / name, written, size_wh, classes, folder.way_out)


def _classes_of(folder):
    """Finds the classes in the settings of the folder, or of the one it was made from."""
    name, manifest = folder.name, folder.manifest
    while manifest is not None:
        classes = manifest["settings"].get("class_of_id")
        if isinstance(classes, list):
            numbers = {value for value in classes if isinstance(value, int) and 0 <= value < 256}
            return tuple(sorted(numbers)) or None
        name = SOURCE_OF_SPLIT.get(name)
        manifest = _manifest_or_none(folder.path.absolute().parent / name) if name else None
    return None


def _manifest_or_none(path):
    try:
        return read_manifest(path)
    except DataError:
        return None


def _problems_between(folders):
    """Compares folders: the parts of a divided one, copies of the augmented one, and what each was made from."""
    for name, folder in folders.items():
        source = folders.get(SOURCE_OF_SPLIT.get(name))
        if folder.manifest is None or source is None or source.manifest is None:
            continue
        if folder.manifest["inputs"] != content_fingerprint(source.manifest):
            message = f"{folder.path}: was made from an older {source.name}; {folder.way_out}"
            yield problem_of(name, "outdated", folder.path, message)
        if isinstance(copies := folder.manifest["settings"].get("copies"), int):
            stems = (Path(image).stem for image in source.names)
            wanted = {image for stem in stems for image in augmented_names(stem, copies)}
            if wanted != folder.names:
                text = f"{source.name} with {copies} copies of each of its {len(source.names):,} images"
                yield _set_problem(folder, folder.names ^ wanted, f"is not {text}; frames too many or too few")
    for source in folders.values():
        parts = [folders[name] for name, of in SOURCE_OF_SPLIT.items() if of == source.name and name in folders]
        yield from _problems_of_parts(source, [part for part in parts if not part.name.endswith("_aug")])


def _problems_of_parts(source, parts):
    if len(parts) < 2:
        return
    names = [part.names for part in parts]
    others = " and ".join(part.name for part in parts[1:])
    if shared := set.intersection(*names):
        yield _set_problem(parts[0], shared, f"shares frames with {others}")
    if left_out := source.names - set.union(*names):
        yield _set_problem(parts[0], left_out, f"leaves out, as {others} does, frames of {source.name}")
    if added := set.union(*names) - source.names:
        yield _set_problem(parts[0], added, f"holds, or {others} does, frames that {source.name} lacks")


def _set_problem(folder, names, what):
    message = f"{folder.path}: {what} ({len(names):,}): {first_few(sorted(names), _NAMES_SHOWN)}; {folder.way_out}"
    return problem_of(folder.name, "split", folder.path, message)


def _split_report(folder, problems):
    counts = Counter(name.partition("/")[0] for name in folder.present)
    affected = {problem.frame for problem in problems if problem.split == folder.name and problem.frame}
    settings = folder.manifest["settings"] if folder.manifest else {}
    remarks = ["the manifest says {}x{} pixels".format(*settings["size_wh"])] if "size_wh" in settings else []
    written_by = folder.manifest.get("written_by") if folder.manifest else None
    if written_by:
        remarks.append(f"written by {str(written_by)[:40]}")
    frames = len(folder.names)
    return SplitReport(
        folder.name, frames, None, {part: counts[part] for part in FOLDERS}, len(affected), {}, tuple(remarks)
    )
