"""OpenID Connect and OAuth 2.0: authorize, token, userinfo, introspection, logout, discovery.

Owns: grants, authorization codes, refresh tokens, what a token says.
Does not own: who is signed in (signin), which client calls (callers), keys (keyring).
"""
