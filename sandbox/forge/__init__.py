"""A Git host with the part of GitHub's REST API that a delivery uses."""
