"""One journey from question to answer. Alone chooses the next step (decision 11).

Owns: the journey row, the pure `next_step`, the pages that ask for one thing each.
Does not own: checking a secret (authentication), levels (assurance), codes and tokens (oidc).
"""
