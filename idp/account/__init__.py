"""My page: who can act for me, what was done, whom I help, where I am signed in.

Owns: the pages. Does not own: any table; it shows what other rooms keep, at view time.
"""
