PRAGMA foreign_keys = OFF;
BEGIN;
ALTER TABLE a RENAME TO b;
COMMIT;
PRAGMA foreign_key_check;
VACUUM;
