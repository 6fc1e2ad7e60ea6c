"""The official pixel protocol and the paper metric over folders of predictions."""
