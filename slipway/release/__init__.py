"""The release step: from commits to a version, its tag and its page."""
