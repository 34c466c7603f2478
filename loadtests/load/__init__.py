"""Load: simulated people over HTTP and WebSocket, on locust. Start at ``traffic``; ``muster loadtest`` runs it all."""
