"""``python -m gateway``: one gateway process."""

import sys

import uvloop

from gateway.app import run
from shared.logs import configure_logs
from shared.process import open_as_many_files_as_allowed, settle_heap
from shared.settings import EXIT_UNAVAILABLE, load_settings


def main() -> None:
    """Run until told to stop; exit 0 then, 78 on wrong settings, 69 when a port is taken."""
    settings = load_settings()
    configure_logs(settings, "gateway")
    open_as_many_files_as_allowed()
    settle_heap()
    try:
        uvloop.run(run(settings))
    except OSError as error:
        print(f"gateway: {error}", file=sys.stderr)
        raise SystemExit(EXIT_UNAVAILABLE) from None


if __name__ == "__main__":
    main()
