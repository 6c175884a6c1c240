"""What stands in for a cluster: images are pulled, checked, unpacked and really run."""
