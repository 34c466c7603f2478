"""The same work done by others: what `make bench-gateway` compares with."""
