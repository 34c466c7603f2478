"""A simulated class with colluders: what the check-in refuses, what it flags, and whom it bothers without cause."""
