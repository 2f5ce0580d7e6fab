CREATE TRIGGER tr AFTER INSERT ON users BEGIN UPDATE counter SET n = n + 1; SELECT 1; END;
INSERT INTO users (id, name) VALUES (4, 'edsger');
DROP TRIGGER tr;
DELETE FROM users WHERE name = 'edsger';
