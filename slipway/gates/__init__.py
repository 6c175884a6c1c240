"""Who may decide, whether a decision still holds, and when an environment may be changed. Pure."""
