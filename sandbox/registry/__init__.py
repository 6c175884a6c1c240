"""An OCI registry, written from the distribution specification."""
