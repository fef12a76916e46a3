"""What we tell people away from our pages: by e-mail and by text message.

Owns: the drivers, the words of each notice, sealing what waits for delivery.
Does not own: when a notice is due or to whom; the room in whose transaction it happens does.
"""
