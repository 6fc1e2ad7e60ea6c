"""Pascal VOC: class and object masks with a palette, and boxes in XML."""
