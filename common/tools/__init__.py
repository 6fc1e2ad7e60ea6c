"""Jobs with arguments, one per module; `python -m common.tools` lists them."""
