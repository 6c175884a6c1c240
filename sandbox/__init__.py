"""Loopback stand-ins for everything a delivery talks to. Not a cluster, and not part of the product."""
