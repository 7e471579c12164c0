-- The two roles of the portal, for any PostgreSQL; may be run again at any time.
-- The owner migrates and owns every table. The application role runs web, worker and commands:
-- it owns nothing, so that row-level security holds for it.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trunkportal_owner') THEN
        CREATE ROLE trunkportal_owner LOGIN CREATEDB;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trunkportal_app') THEN
        CREATE ROLE trunkportal_app LOGIN;
    END IF;
END
$$;
ALTER ROLE trunkportal_owner NOSUPERUSER NOBYPASSRLS NOCREATEROLE;
ALTER ROLE trunkportal_app NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
