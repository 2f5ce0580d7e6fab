-- revision: 0007-9f3c21
-- parents: 0006-77aa10
-- message: rename users.email to mail
-- created: 2026-11-21T10:00:00Z

-- migrate: upgrade
-- REVIEW: was users.mail renamed?
ALTER TABLE users DROP COLUMN mail;
ALTER TABLE users ADD COLUMN email text;
-- or: ALTER TABLE users RENAME COLUMN mail TO email;

SELECT 1;
-- migrate: downgrade
-- migrate: include data/x.sql
