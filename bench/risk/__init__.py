"""How well the run-time score tells owners from attackers, in a world made up for the purpose."""
