"""``python -m tests.browser.stage PORT``: the stage, also for looking at the pages while working on them."""

import sys

import uvicorn

from tests.browser.stage.app import make_stage

if __name__ == "__main__":
    uvicorn.run(make_stage(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
