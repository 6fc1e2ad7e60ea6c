"""The sections of the report of a study, in reading order.

A section is a function of the material that gives a `Section`, or None if there is nothing to say. To add one, write it
in a module here and name it in the list.
"""

from collections.abc import Callable

from common.report.content import Section
from common.report.material import Material
from common.report.sections.classes import class_section
from common.report.sections.confusions import confusion_section
from common.report.sections.curves import curve_section
from common.report.sections.data import data_section
from common.report.sections.frames import frames_section
from common.report.sections.generations import generation_section, label_section
from common.report.sections.scores import score_section
from common.report.sections.settings import settings_section

SECTIONS: tuple[Callable[[Material], Section | None], ...] = (
    score_section,
    generation_section,
    label_section,
    curve_section,
    class_section,
    confusion_section,
    frames_section,
    data_section,
    settings_section,
)
