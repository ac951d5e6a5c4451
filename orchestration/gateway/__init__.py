"""The edge-facing HTTP: idempotent `PUT /v1/batches/{store}/{boot}/{seq}`.

Object first, then the ledger row, then the ack: whatever is acknowledged can be materialized,
and a crash in between is healed by the edge's next attempt.
"""
