"""Argo CD's REST API over a small reconcile loop, written from the protocol. Not Argo CD."""

from sandbox.argocd.accounts import Account
from sandbox.argocd.server import ArgoCD
from sandbox.argocd.world import Delays

__all__ = ["Account", "ArgoCD", "Delays"]
