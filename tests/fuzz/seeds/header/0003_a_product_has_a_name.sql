-- revision: 0003-c4d215
-- parents: 0002-a90b37
-- message: a product has a name
-- created: 2026-03-16T08:02:00Z

-- migrate: upgrade
ALTER TABLE products RENAME COLUMN title TO name;

-- migrate: downgrade
ALTER TABLE products RENAME COLUMN name TO title;
