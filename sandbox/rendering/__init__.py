"""From a git repository and its values files to what an engine applies; every engine uses it."""
