"""The journal: who did what in whose name, append-only and tamper-evident (decision 23).

Owns: journal rows (written in the same transaction as the act they record), their numbering
per person, the sealer that appends them to a Merkle log, checkpoints, verification.
Does not own: what is worth recording; each room says that in its own actions.
"""
