"""What Muster is measured against, kept here so that every comparison can be repeated.

Each takes the same heartbeat as Muster's API and answers 202 with a body of the same kind. None asks who is calling,
so every one of them has less to do than the API it is compared with.
"""
