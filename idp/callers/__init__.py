"""Which OAuth client calls, with which proof, and is what it holds still live.

Owns: client registrations, client authentication, the one liveness statement (decision 16).
Does not own: what a token says (oidc) or what a client's service may ask (assurance).
"""
