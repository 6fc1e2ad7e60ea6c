"""What is measured against what: `python -m benchmarks`, or one part, as `python -m benchmarks.resize`."""
