"""A warm worker for Prefect: flow runs are forked from a process that has imported them already."""
