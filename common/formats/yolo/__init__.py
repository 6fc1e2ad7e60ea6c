"""YOLO segmentation: a text file of polygons per image, and data.yaml."""
