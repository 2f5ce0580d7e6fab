-- revision: 0007-9f3c21
-- parents: 0006-77aa10
-- message: rename users.email to mail
-- created: 2026-11-21T10:00:00Z

-- migrate: upgrade postgresql, sqlite
SELECT 1;
-- migrate: upgrade mysql
SELECT 2;
DELIMITER //
CREATE PROCEDURE p() BEGIN SELECT 1; END//
DELIMITER ;
-- migrate: upgrade
SELECT 3;
-- migrate: downgrade none
