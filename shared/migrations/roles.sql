-- Database roles. Idempotent: run before every migration by a login that may create roles.
--
--   muster_owner     owns every object; migrations run as it
--   muster_app       what the API connects as; may do nothing itself, only become one of:
--     muster_admin, muster_teacher, muster_student, muster_parent   the person who asks
--     muster_service                                                the API on its own: login, session facts
--   muster_worker    what workers connect as
--
-- Each transaction of the API takes one of these roles and the person's id in one statement
-- (shared/database.py). A transaction that forgets to has no rights at all.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['muster_owner', 'muster_app', 'muster_worker', 'muster_service',
                                'muster_admin', 'muster_teacher', 'muster_student', 'muster_parent']
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
END
$$;

GRANT muster_service, muster_admin, muster_teacher, muster_student, muster_parent TO muster_app;

DO $$
BEGIN
    -- The login must be able to become these; a superuser can anyway.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT muster_owner, muster_app, muster_worker TO %I', current_user);
    END IF;
    EXECUTE format('GRANT CREATE, CONNECT ON DATABASE %I TO muster_owner', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO muster_app, muster_worker', current_database());
END
$$;

GRANT USAGE, CREATE ON SCHEMA public TO muster_owner;
GRANT USAGE ON SCHEMA public
    TO muster_app, muster_worker, muster_service, muster_admin, muster_teacher, muster_student, muster_parent;
