-- revision: 0004-e3907c
-- parents: 0003-7be8f0
-- message: payment references
-- created: 2026-03-24T17:08:00Z

-- migrate: upgrade
ALTER TABLE payments ADD COLUMN reference varchar(100);

CREATE UNIQUE INDEX ux_payments_reference ON payments (reference);

-- migrate: downgrade
DROP INDEX ux_payments_reference;

ALTER TABLE payments DROP COLUMN reference;

-- migrate: downgrade mysql
ALTER TABLE