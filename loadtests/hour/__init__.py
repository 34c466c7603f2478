"""A campus hour change, with a generator that leaves the cores to what is loaded (4-pipeline 4.4)."""
