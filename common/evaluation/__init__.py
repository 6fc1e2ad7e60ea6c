"""How good a prediction is; numpy only."""
