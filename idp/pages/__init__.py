"""The page frame: templates, static files, languages, security headers and error pages.

Owns how every page looks, what headers it travels with and in which language it speaks.
Owns no decision and no fact: views hand facts to its templates under the names those use.
Installed once, by the app, with `idp.pages.frame.install_pages`.
"""
