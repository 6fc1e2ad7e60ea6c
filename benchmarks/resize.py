"""Step 00 against the plain loop: images a second, memory, and where the time goes.

    python -m benchmarks.resize [--quick] [--json FILE]

Frames are drawn once at 2048x1024 and kept in the temporary folder; their PNG files compress like photographs.
"""

import tempfile
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from benchmarks.timing import main, row, seconds
from common.dataset.original.layouts import find_frames, read_layout
from common.dataset.prepared.resize import ResizeJob, ResizeSettings, prepared_size, resize_frame, resize_frames
from common.demo import DemoSettings, draw_demo_dataset
from common.images.png import read_image, read_mask
from common.parallel import usable_cores

FACTOR = 0.2
KINDS = ("labelIds.png", "instanceIds.png", "color.png", "polygons.json")


def measure(quick=False):
    """Measures everything this file measures; returns rows of `timing.row`."""
    count, repeats, workers = (12, 2, 2) if quick else (48, 5, 2)
    frames = [frame for frame in find_frames(drawn_frames(count)) if frame.split == "train"]
    with tempfile.TemporaryDirectory() as folder:
        return [
            *measure_resizing(frames, Path(folder), repeats, workers),
            *measure_decoding(frames, repeats),
            *measure_listing(Path(folder), repeats),
        ]


def drawn_frames(count):
    """Draws `count` frames at full size into a temporary folder that is kept for the next time; returns it."""
    folder = Path(tempfile.gettempdir()) / f"street_scenes_2048x1024_{count}"
    draw_demo_dataset(folder, DemoSettings(train=count, val=1, size_wh=(2048, 1024)), usable_cores())
    return folder


def resize_plainly(frames, folder):
    """Does what the study's script does: read, resize and write, one frame after the other in one process."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    table = np.array([0, *range(2, 35)], np.uint8)
    for frame in frames:
        image, ids = cv2.imread(str(frame.image)), cv2.imread(str(frame.files["labelIds"]), cv2.IMREAD_GRAYSCALE)
        size_wh = prepared_size(image.shape[1], image.shape[0], FACTOR)
        image = cv2.resize(image, size_wh, interpolation=cv2.INTER_LINEAR)
        mask = table[cv2.resize(ids, size_wh, interpolation=cv2.INTER_NEAREST)]
        cv2.imwrite(str(folder / f"images/{frame.name}.png"), image)
        cv2.imwrite(str(folder / f"masks/{frame.name}.png"), mask)


def measure_resizing(frames, folder, repeats, workers):
    """Compares step 00 with the plain loop, in frames a second, and reads the memory of its workers."""
    settings = ResizeSettings(FACTOR)
    plain, ours, cpu_plain, cpu_ours = [], [], [], []
    for turn in range(repeats):
        start = time.process_time()
        plain.append(len(frames) / seconds(resize_plainly, frames, folder / f"plain{turn}"))
        cpu_plain.append(1000 * (time.process_time() - start) / len(frames))
        ours.append(len(frames) / seconds(resize_frames, frames, folder / f"ours{turn}", settings, workers))
        start = time.process_time()
        resize_frames(frames, folder / f"alone{turn}", settings)
        cpu_ours.append(1000 * (time.process_time() - start) / len(frames))
    rows = [
        row(f"step 00, frames/s, {workers} workers against one loop", ours, plain, 2.8, higher_is_better=True),
        row("step 00, CPU time a frame in one process, ms", cpu_ours, cpu_plain, 1.4),
    ]
    jobs = [ResizeJob(frame, folder / "images", folder / "masks", settings) for frame in frames]
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
        peaks = [peak for peak in fresh.map(peak_memory_after, jobs) if peak]
    if peaks:
        rows.append(row("step 00, memory a worker, MB", [max(peaks)], None, 250))
    return rows


def measure_decoding(frames, repeats):
    """Compares the readers with `cv2.imread`, in milliseconds a frame, pixels in the order red, green, blue."""
    images = [frame.image.path for frame in frames[:8]]
    masks = [frame.files["labelIds"].path for frame in frames[:8]]
    times = [[], [], [], []]
    for _ in range(repeats):
        for image, mask in zip(images, masks, strict=True):
            times[0].append(1000 * seconds(read_image, image))
            times[1].append(1000 * seconds(cv2.imread, str(image), cv2.IMREAD_COLOR))
            times[2].append(1000 * seconds(read_mask, mask))
            times[3].append(1000 * seconds(cv2.imread, str(mask), cv2.IMREAD_GRAYSCALE))
    return [row("decode an image, ms", *times[:2], 1), row("decode a mask, ms", *times[2:], 1)]


def measure_listing(folder, repeats):
    """Times how long the files of 5,000 frames take to be found, in folders and in a zip."""
    names = []
    for split, cities, count in (("train", 18, 2975), ("val", 3, 500), ("test", 6, 1525)):
        for number in range(count):
            city = f"{split}town{number % cities}"
            name = f"{city}_{number:06d}_000019"
            names.append(f"leftImg8bit/{split}/{city}/{name}_leftImg8bit.png")
            names += [f"gtFine/{split}/{city}/{name}_gtFine_{kind}" for kind in KINDS]
    for parent in {Path(name).parent for name in names}:
        (folder / "tree" / parent).mkdir(parents=True)
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for name in names:
            (folder / "tree" / name).touch()
            archive.writestr(name, b"")
    rows = []
    for what, place in (("folders", folder / "tree"), ("a zip", folder / "all.zip")):
        times = [seconds(read_layout, place) for _ in range(repeats)]
        rows.append(row(f"find 5,000 frames in {what}, s", times, None, 0.5))
    return rows


def peak_memory_after(job):
    """Resizes a frame; returns the most memory this process ever used, in MB, or None where Linux does not tell."""
    resize_frame(job)
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)


if __name__ == "__main__":
    main(__doc__, measure)
