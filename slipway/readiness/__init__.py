"""Is a commit live and healthy? Pure: values in, a verdict out."""
