"""Officers: people who work at the operators' console, each with a security key and roles.

Owns: officers, their keys, their sessions at the console, what each role may do.
Does not own: what an officer enters (proofing keeps visits) or citizens' accounts.
"""
