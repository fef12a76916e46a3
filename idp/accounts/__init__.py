"""Accounts: what somebody signs in with; and subjects, what services know them by.

Owns: the account, its joining to a person once identity is proved, subject rows (decision 9).
Does not own: the methods to sign in (authentication) or people (register).
"""
