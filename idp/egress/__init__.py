"""The one way out: every request to an address somebody else chose (decision 28).

Owns: which hosts may be reached, resolving and pinning the address, size and time limits.
Does not own: what is fetched or sent.
"""
