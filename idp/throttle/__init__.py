"""Durable counts of tries, shared by every worker and every door.

Owns: buckets (stored as HMACs, never as plain identifiers) and the one statement that counts.
Does not own: which tries count against which bucket; the room that checks the secret says.
"""
