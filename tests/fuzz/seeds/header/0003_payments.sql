-- revision: 0003-7be8f0
-- parents: 0002-a90b37
-- message: payments
-- created: 2026-03-17T11:25:00Z
-- labels: billing

-- migrate: upgrade sqlite
CREATE TABLE payments (
  id integer PRIMARY KEY AUTOINCREMENT,
  order_id bigint NOT NULL,
  amount numeric(12,2) NOT NULL,
  method varchar(20) NOT NULL,
  paid_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT fk_payments_order_id FORE