"""A Kubernetes API over the sandbox's objects, written from the protocol. Not Kubernetes."""
