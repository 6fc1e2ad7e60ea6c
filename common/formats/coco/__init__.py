"""COCO: object instances and the panoptic form."""
