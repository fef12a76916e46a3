"""How sure we must be who somebody is, and that it is the same person again.

Owns: the level a service's action needs and why; what each method of signing in reaches; what a
request for a level means; what evidence about a person comes to; the files levels.toml,
methods.toml, services.toml, evidence.toml, names.toml and risk.toml.
Does not own: asking for methods (signin), checking them (authentication), proving identity.
"""
