"""How a decision of the public sector becomes data the house may rely on.

Owns: finding the policy folder, reading TOML through frozen models, listing every problem at once
in plain sentences, and the fingerprint of a set.
Does not own: what any file says. Each room keeps the models of its own files in its `policy.py`.
"""
