-- revision: 0005-94ab5e
-- parents: 0004-1d66a2, 0004-e3907c
-- message: billing joins the shop
-- created: 2026-03-30T10:00:00Z

-- migrate: upgrade

-- migrate: downgrade
