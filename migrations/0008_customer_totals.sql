-- revision: 0008-d83f59
-- parents: 0007-6c1ee4
-- message: customer totals
-- created: 2026-04-14T12:12:00Z

-- migrate: upgrade
CREATE VIEW customer_totals AS
SELECT customers.id, customers.full_name, COUNT(orders.id) AS orders, COALESCE(SUM(orders.total), 0) AS total
FROM customers
LEFT JOIN orders ON orders.customer_id = customers.id
GROUP BY customers.id, customers.full_name;

-- migrate: downgrade
DROP VIEW customer_totals;
