"""A stage: the real templates and modules over an invented class, so that a test can cut any rope it likes."""
