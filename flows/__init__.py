"""The order of the steps. Start reading in `deliver.py`."""
