"""The demo dataset: drawn street scenes in the layout of Cityscapes, for tests and for a first run without a download.

This project draws everything itself. A scene is built in metres, seen by a camera, and kept twice: as a picture and as
polygons. Ids, instance ids and colours are painted from the polygons in the same way as for the real frames.
"""

from common.demo.dataset import DemoSettings, draw_demo_dataset

__all__ = ["DemoSettings", "draw_demo_dataset"]
