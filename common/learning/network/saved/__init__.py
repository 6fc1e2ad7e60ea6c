"""Files of saved networks, which may come from strangers: read and checked before Keras sees anything of them."""
