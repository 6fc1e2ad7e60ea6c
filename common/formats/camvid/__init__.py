"""CamVid: a photograph and a mask of classes per frame."""
