"""Organisations that act for people, or serve them: their names, members, teams and agreements.

Owns: organisations, members and their roles, teams, invitations of members, standard agreements.
Does not own: what a member may do for whom (delegation), software (callers), officers (officers).
"""
