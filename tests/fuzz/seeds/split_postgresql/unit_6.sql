CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE counter SET n = n + 1; RETURN NEW; END $$;
CREATE TRIGGER tr AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION bump();
INSERT INTO users (id, name) VALUES (4, 'edsger');
DROP TRIGGER tr ON users;
DROP FUNCTION bump();
DELETE FROM users WHERE name = 'edsger';
