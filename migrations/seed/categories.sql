INSERT INTO categories (name) VALUES ('Books');
INSERT INTO categories (name) VALUES ('Music');
INSERT INTO categories (name) VALUES ('Games');
