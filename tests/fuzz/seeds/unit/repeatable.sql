-- revision: views
-- message: views
-- repeatable: yes

-- migrate: upgrade
CREATE VIEW v AS SELECT 1;
-- migrate: downgrade none
