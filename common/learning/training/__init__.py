"""One training: batches, losses, optimiser, loop, checkpoint, scores."""
