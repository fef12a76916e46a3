"""The register: people (and later businesses), keyed one-to-one by their number.

Owns: person records and their dated numbers, sealed and indexed (decisions 8, 24).
Does not own: accounts, subjects, or who may see what is held here.
"""
