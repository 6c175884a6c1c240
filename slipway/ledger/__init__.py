"""The ledger: what was proven, decided, held and undone, kept in the GitOps repository.

It is a ref of its own, `refs/slipway/ledger`, which no engine and no branch rule looks at: every
worker sees the same, git keeps who wrote what and when, and a push with a lease makes each entry
whole or absent. It outlives Prefect's database, the result store and every run.
"""

from slipway.ledger.store import read, record, release_hold

__all__ = ["read", "record", "release_hold"]
