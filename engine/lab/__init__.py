"""What experiments compute: batched over seeds or networks, without settings and without events."""
