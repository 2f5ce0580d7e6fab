-- revision: 0006-b27f13
-- parents: 0005-94ab5e
-- message: first categories
-- created: 2026-04-02T09:30:00Z

-- migrate: upgrade
-- migrate: include seed/categories.sql

-- migrate: downgrade
-- Categories that products have been put into stay.
DELETE FROM categories
WHERE name IN ('Books', 'Music', 'Games') AND id NOT IN (SELECT category_id FROM products);
