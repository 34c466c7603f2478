"""How long an accepted event takes until it is seen, under a steady stream of events (4-pipeline 4.4)."""
