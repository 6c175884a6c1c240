"""The steps: one retryable Prefect task a file, each a thin body over `slipway`."""
