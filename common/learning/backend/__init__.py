"""Everything that knows TensorFlow, JAX or PyTorch."""
