"""``python -m deploy.cli``: the ``muster`` command where its script is not on PATH."""

from deploy.cli import main

main()
