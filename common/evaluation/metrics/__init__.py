"""The metrics: each takes counted pixels, and knows no files. `registry` lists those of a study."""
