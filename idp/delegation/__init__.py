"""Mandates: one person's permission for another to act for them; given, used, seen, ended.

Owns: mandate records and the decision whether one allows an act.
Does not own: tokens (oidc), the page that asks for whom (signin), the record of uses (journal).
"""
