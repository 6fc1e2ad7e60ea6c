"""From the downloaded files to prepared images and masks; numpy and OpenCV only."""
