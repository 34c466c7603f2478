"""The admin interface at ``/admin``: every table to look at, a few to change, each change on record.

starlette-admin draws the pages. What is ours: who gets in and with whose rights (door.py), how rows are read with the
names of the people in them (reading.py), what may be changed and how (writing.py and the modules of each kind), and
the trace that a change leaves (record.py).
"""
