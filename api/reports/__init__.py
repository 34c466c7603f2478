"""Reports over many sessions (1-domain 1.6): per student, course and group, teacher, week, and how suggestions agree.

Teachers see their own sessions, admins all of them. What counts the enrolled is about sessions that are completed:
while one runs, who is not marked yet is not missing. A student's own rate is about the sessions they were marked in, as
everywhere.
"""
