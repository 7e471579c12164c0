-- Run by the owner role in each database of the portal, before its first migration: what the
-- owner makes is usable by the application role. A migration revokes it again on partitions,
-- because a partition with its own grant is read past its parent's row-level security.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO trunkportal_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO trunkportal_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO trunkportal_app;
