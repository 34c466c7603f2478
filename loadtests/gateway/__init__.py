"""Load on gateways: a crowd of sockets in processes of their own, the benchmark beside peers, and the soak."""
