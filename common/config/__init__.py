"""config.ini: its values as models, and how the file is read and checked."""
