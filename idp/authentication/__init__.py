"""Ways to sign in and what they leave behind: password, one-time code, session.

Owns: secrets of the methods, the bounded hash gate, sessions and their proofs.
Does not own: which method is asked next (signin) or what it is worth (assurance).
"""
