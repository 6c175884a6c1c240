"""Loopback stand-ins for everything a delivery talks to. Not a cluster, not the product."""
