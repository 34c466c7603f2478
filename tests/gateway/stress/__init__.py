"""Two gateways behind a splitter, people who follow sessions through it, and everything that can go wrong."""
