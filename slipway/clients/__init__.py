"""One module a protocol. Nothing else in the product opens a connection."""
