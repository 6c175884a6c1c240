"""The demo: one delivery in front of a person, on the stand-ins."""
