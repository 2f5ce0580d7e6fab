-- revision: 0007-9f3c21
-- parents: 0006-77aa10
-- message: rename users.email to mail
-- created: 2026-11-21T10:00:00Z

-- migrate: downgrade
SELECT 1;
