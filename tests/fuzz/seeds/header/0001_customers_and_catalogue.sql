-- revision: 0001-5f2c81
-- message: customers and catalogue
-- created: 2026-03-02T09:14:00Z

-- migrate: upgrade sqlite
CREATE TABLE customers (
  id integer PRIMARY KEY AUTOINCREMENT,
  email varchar(255) NOT NULL,
  full_name varchar(200) NOT NULL,
  created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT uq_customers_email UNIQUE (email)
);

CREATE TABLE categories (
  id intege