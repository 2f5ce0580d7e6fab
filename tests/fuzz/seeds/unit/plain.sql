-- revision: 0007-9f3c21
-- parents: 0006-77aa10
-- message: rename users.email to mail
-- created: 2026-11-21T10:00:00Z
-- labels: billing
-- depends_on: 0001-aaaaaa, search
-- transaction: off

-- migrate: upgrade
ALTER TABLE users RENAME COLUMN email TO mail;

-- migrate: downgrade
ALTER TABLE users RENAME COLUMN mail TO email;
