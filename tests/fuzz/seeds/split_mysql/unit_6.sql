CREATE TRIGGER tr AFTER INSERT ON users FOR EACH ROW BEGIN UPDATE counter SET n = n + 1; END;
INSERT INTO users (id, name) VALUES (4, 'edsger');
UPDATE counter SET n = n + 1;
DROP TRIGGER tr;
DELETE FROM users WHERE name = 'edsger';
UPDATE counter SET n = n + 1000;
