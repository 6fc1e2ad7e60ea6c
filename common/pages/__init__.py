"""Building blocks of HTML pages: templates that are one file, and the gallery of frames."""
