"""The numbers of people and businesses: how they are written, read and shown.

Owns: the shape of each number and its canonical form (`delegation.md` section 3).
Does not own: whose number it is (register).
"""
