-- revision: 0007-6c1ee4
-- parents: 0006-b27f13
-- message: products can be retired
-- created: 2026-04-10T16:20:00Z

-- migrate: upgrade
ALTER TABLE products ADD COLUMN active boolean NOT NULL DEFAULT true;

-- migrate: downgrade
ALTER TABLE products DROP COLUMN active;
