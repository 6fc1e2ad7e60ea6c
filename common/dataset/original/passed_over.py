"""Files of a Cityscapes tree that are passed over: counted by reason, so that none is left out in silence.

Only what could be meant as data counts: pictures and JSON. What the system or an editor leaves is not named.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from common.text import count, first_few

_PICTURE = r"\.(?:png|jpe?g|webp|bmp|tiff?)"
_VARIANT = re.compile(rf"(.+)_((leftImg8bit_[A-Za-z]+).*){_PICTURE}", re.IGNORECASE)
_OFFICIAL = re.compile(
    r".+_(rightImg8bit|(?:left|right)Img16bit|disparity|camera|vehicle|timestamp|gtBbox3d|gtBboxCityPersons)\.\w+"
)
_DATA = re.compile(rf".+(?:{_PICTURE}|\.json)", re.IGNORECASE)
_REASONS = {
    "leftImg8bit_sequence": "they are the video around the frames, whose photographs are in "
    "leftImg8bit_trainvaltest.zip; convert --images-as leftImg8bit_sequence reads the video",
}
# Label files of datasets, which are read, and the file that says what the demo generator drew.
_NOT_FRAMES = ("dataset_meta.json", "demo.json")


@dataclass
class PassedOver:
    """What was passed over in one dataset.

    Attributes:
        variants: By name, for example "leftImg8bit_foggy": how many pictures each frame has of it.
    """

    variants: dict[str, dict[str, int]] = field(default_factory=dict)
    _example: dict[str, str] = field(default_factory=dict)
    _photographs: dict[str, int] = field(default_factory=dict)
    _official: dict[str, int] = field(default_factory=dict)
    _folders: dict[str, int] = field(default_factory=dict)
    _kinds: dict[str, int] = field(default_factory=dict)
    _others: list[str] = field(default_factory=list)

    def add_file(self, name: str) -> None:
        """Counts a file whose name no frame has."""
        if variant := _VARIANT.fullmatch(name):
            frames = self.variants.setdefault(variant[3], {})
            self._example.setdefault(variant[3], variant[2])
            frames[variant[1]] = frames.get(variant[1], 0) + 1
        elif official := _OFFICIAL.fullmatch(name):
            self._official[official[1]] = self._official.get(official[1], 0) + 1
        elif _DATA.fullmatch(name) and name not in _NOT_FRAMES:
            self._others.append(name)

    def add_photograph(self, images_as: str) -> None:
        """Counts a photograph of the usual name where others were asked for."""
        self._photographs[images_as] = self._photographs.get(images_as, 0) + 1

    def add_folder(self, name: str, files: int) -> None:
        """Counts the files of a folder that is passed over as a whole."""
        self._folders[name] = self._folders.get(name, 0) + files

    def add_kind(self, kind: str) -> None:
        """Counts a file of a frame that nothing is read from, for example labelTrainIds."""
        self._kinds[kind] = self._kinds.get(kind, 0) + 1

    def photographs(self) -> int:
        """Counts what may be the photographs of frames that have none."""
        sequences = sum(amount for name, amount in self._folders.items() if name.startswith("leftImg8bit"))
        return sequences + sum(sum(frames.values()) for frames in self.variants.values())

    def sentences(self) -> Iterator[str]:
        """Says what was passed over and why, a sentence for each reason."""
        for variant, frames in sorted(self.variants.items()):
            pictures = count(sum(frames.values()), "picture")
            most = max(frames.values())
            each = f", up to {most} a frame" if most > 1 else ""
            yield (
                f"passed over: {pictures} called <frame>_{variant}...{each}; photographs are read from "
                "<frame>_leftImg8bit.png. --images-as of convert, inspect_dataset and stats reads others, for example "
                f"--images-as {self._example[variant]}; convert writes them with the usual names"
            )
        for images_as, amount in sorted(self._photographs.items()):
            yield f"passed over: {count(amount, 'photograph')} <frame>_leftImg8bit, because {images_as} was asked for"
        for name, amount in sorted(self._folders.items()):
            reason = _REASONS.get(name, "they are made from the files of frames")
            yield f"passed over: {count(amount, 'file')} in folders called {name}; {reason}"
        for kind, amount in sorted(self._official.items()):
            yield f"passed over: {count(amount, 'file')} of {kind}, which nothing here uses"
        for kind, amount in sorted(self._kinds.items()):
            yield f"passed over: {count(amount, 'file')} of {kind}, which ground truth is not read from"
        if self._others:
            yield (
                f"passed over: {count(len(self._others), 'picture or JSON file', 'pictures and JSON files')} without a "
                f"name of Cityscapes: {first_few(sorted(self._others))}"
            )
