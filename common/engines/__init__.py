"""Where work runs: on this machine, or on the machines of a Ray cluster."""
