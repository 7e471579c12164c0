#!/bin/sh
# Run once by the PostgreSQL image, in a new data folder: the two roles, their passwords from the
# environment, and the database that the owner role owns.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --file /portal/roles.sql
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD
ALTER ROLE trunkportal_owner PASSWORD :'owner_password';
ALTER ROLE trunkportal_app PASSWORD :'app_password';
CREATE DATABASE trunkportal OWNER trunkportal_owner;
SQL
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname trunkportal \
    --command 'SET ROLE trunkportal_owner' --file /portal/grants.sql
