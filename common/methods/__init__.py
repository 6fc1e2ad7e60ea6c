"""The semi-supervised methods of the study, without Keras: what each is, and the arithmetic of its labels."""
