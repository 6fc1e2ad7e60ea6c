"""Networks, training and prediction: the only folder that imports Keras."""
