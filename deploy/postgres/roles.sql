-- roles - the roles and the database of one instance; run by deploy/up each time, as the superuser.
--
-- firstcome owns everything and runs the migrations; they grant each program's role what it needs.
-- The passwords come from the environment.

\getenv owner_password PASSWORD_OF_firstcome
\getenv ingress_password PASSWORD_OF_firstcome_ingress
\getenv fulfiller_password PASSWORD_OF_firstcome_fulfiller
\getenv notifier_password PASSWORD_OF_firstcome_notifier
\getenv cashier_password PASSWORD_OF_firstcome_cashier

SELECT format('CREATE ROLE %I LOGIN', wanted)
FROM unnest(ARRAY[
	'firstcome', 'firstcome_ingress', 'firstcome_fulfiller', 'firstcome_notifier',
	'firstcome_cashier'
]) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted)
\gexec

ALTER ROLE firstcome PASSWORD :'owner_password';
ALTER ROLE firstcome_ingress PASSWORD :'ingress_password';
ALTER ROLE firstcome_fulfiller PASSWORD :'fulfiller_password';
ALTER ROLE firstcome_notifier PASSWORD :'notifier_password';
ALTER ROLE firstcome_cashier PASSWORD :'cashier_password';

SELECT 'CREATE DATABASE firstcome OWNER firstcome'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'firstcome')
\gexec

-- Only these come in, and only here; in the schema they have what the migrations grant.
REVOKE ALL ON DATABASE firstcome, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE firstcome
	TO firstcome_ingress, firstcome_fulfiller, firstcome_notifier, firstcome_cashier;
\connect firstcome
REVOKE ALL ON SCHEMA public FROM PUBLIC;
