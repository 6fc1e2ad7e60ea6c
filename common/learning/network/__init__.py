"""The networks, their layers, and what a saved model says about itself."""
