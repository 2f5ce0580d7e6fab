-- revision: 0004-1d66a2
-- parents: 0003-c4d215
-- message: orders keep their total
-- created: 2026-03-24T13:51:00Z

-- migrate: upgrade
ALTER TABLE orders ADD COLUMN total numeric(12,2) NOT NULL DEFAULT 0;

-- The orders that are there get the sum of their lines.
UPDATE orders
SET total = (SELECT COALESCE(SUM(quantity * unit_price), 0) FROM order_lines WHERE order_lines.order_id = orders.id);

