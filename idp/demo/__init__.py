"""The sandbox: sample people, sample departments, a start page that leads through them.

Owns: what `idp demo` makes and shows. Does not own: anything a real installation needs; none
of its pages exist where `settings.sandbox` is false.
"""
