"""Figures: what the journal says of how people fare at each service, as numbers and pictures.

Owns: the review of services against the model, its definitions, its pictures; take-up.
Does not own: the journal it reads (nothing here writes), the model, the pages' frame.
"""
