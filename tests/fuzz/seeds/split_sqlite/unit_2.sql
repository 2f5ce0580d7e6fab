CREATE TABLE users (id integer primary key, name varchar(100), age integer);
UPDATE counter SET n = n + 1;
CREATE INDEX ix_users_name ON users (name);
INSERT INTO users (id, name, age) VALUES (1, 'ada', 36), (2, 'alan', 41), (3, 'grace', 85);
UPDATE counter SET n = n + 1;
UPDATE counter SET n = n + 1000;
DROP INDEX ix_users_name;
DROP TABLE users;
UPDATE counter SET n = n + 1000;
