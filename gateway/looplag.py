"""How late the event loop is: whatever holds it up holds up everybody."""

import asyncio

from gateway import metrics

LOOK_SECONDS = 0.1


async def watch_loop() -> None:
    """Look again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOK_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        metrics.LOOP_LAG_SECONDS.observe(max(0.0, loop.time() - due))
