"""Helm charts: which files make one, how they are packed, and how the package is published."""
