"""The pages of this room, in several files."""
