"""Keys: the pending, active, retiring and revoked signing keys, JWKS, sealed secrets.

Owns: the `keys/` folder, every signature made and checked (`jose.py` is the one module that
touches JOSE, decision 12), sealing of secrets at rest and the index keys.
Does not own: the journal. Whoever turns a key journals it.
"""
