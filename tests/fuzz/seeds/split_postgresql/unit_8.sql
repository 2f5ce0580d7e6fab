BEGIN;
CREATE TABLE wrapped (i integer);
UPDATE counter SET n = n + 1;
COMMIT;
START TRANSACTION;
DROP TABLE wrapped;
UPDATE counter SET n = n + 1000;
END;
