"""What the numbered scripts and the tools have in common; see docs/architecture.md."""
