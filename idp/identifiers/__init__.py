"""National Insurance numbers: how they are written, read and shown.

Owns: the shape of the number and its canonical form (`delegation.md` section 3).
Does not own: whose number it is (register).
"""
