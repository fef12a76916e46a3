"""The outbox: messages written with the fact and delivered after the commit.

Owns: queueing in the same transaction, leases, retries with back-off.
Does not own: what a message says or where it goes; the room that writes it does.
"""
