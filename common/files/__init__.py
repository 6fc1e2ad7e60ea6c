"""Files: atomic writing, folders and zips as sources, stages with manifests, safe targets."""
