"""Proving who somebody is: a claim, evidence for it, and the identity level it reaches.

Owns: cases, evidence of every kind, counter visits, and re-proving as the way back into an
account that exists already (cool-off, notices, stop).
Does not own: people (register), the table of profiles (assurance) or methods (authentication).
"""
