"""EvalNets: networks that judge masks, how they are trained, and how they judge."""
