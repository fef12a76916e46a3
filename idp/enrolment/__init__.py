"""The first visit: from an e-mail address to an account with two ways in; and lost passwords.

Owns: the enrolment before there is an account, the order of its pages, password reset.
Does not own: methods themselves (authentication) or proving who somebody is (proofing).
"""
