"""Chaos: faults against a real stack under load, and a ledger that says afterwards whether anything was lost.

``ledger`` keeps what was acknowledged, ``oracle`` says what must follow from it, ``proof`` compares the database with
both. ``rig`` is the stack that may be hurt, ``faults`` hurts it, ``crowd`` and ``staff`` are the campus that goes on.
"""
