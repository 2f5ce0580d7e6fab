"""Units that mix definitions, rows and several statements. A counter shows a statement that ran twice or not at all."""

BUMP = "UPDATE counter SET n = n + 1;"
DROP = "UPDATE counter SET n = n + 1000;"


def common(engine):
    identity = {"sqlite": "integer primary key", "postgresql": "bigserial primary key", "mysql": "bigint auto_increment primary key"}[engine]
    return [
        ("", "CREATE TABLE counter (n bigint NOT NULL);\nINSERT INTO counter VALUES (0);", "DROP TABLE counter;"),
        ("", f"CREATE TABLE users (id {identity}, name varchar(100), age integer);\n{BUMP}\nCREATE INDEX ix_users_name ON users (name);\n"
             f"INSERT INTO users (id, name, age) VALUES (1, 'ada', 36), (2, 'alan', 41), (3, 'grace', 85);\n{BUMP}",
         f"{DROP}\nDROP INDEX ix_users_name{' ON users' if engine == 'mysql' else ''};\nDROP TABLE users;\n{DROP}"),
        ("", "CREATE TABLE a (x integer);\nCREATE INDEX ix_a ON a (x);\nCREATE TABLE b (y integer);\nCREATE INDEX ix_b ON b (y);\nCREATE TABLE c (z integer);",
         "DROP TABLE c;\nDROP TABLE b;\nDROP TABLE a;"),
        ("", f"ALTER TABLE users ADD COLUMN mail varchar(100);\nUPDATE users SET mail = name, age = age + 1;\nALTER TABLE a ADD COLUMN extra integer DEFAULT 7;\n"
             f"INSERT INTO a (x) SELECT age FROM users;\n{BUMP}\nCREATE INDEX ix_users_mail ON users (mail);",
         f"DROP INDEX ix_users_mail{' ON users' if engine == 'mysql' else ''};\nDELETE FROM a;\nALTER TABLE a DROP COLUMN extra;\n"
         f"{DROP}\nUPDATE users SET age = age - 1;\nALTER TABLE users DROP COLUMN mail;"),
        ("", f"INSERT INTO b (y) SELECT x FROM a;\n{BUMP}\nINSERT INTO b (y) SELECT y + 1 FROM b;\nUPDATE b SET y = y * 2;\nALTER TABLE b RENAME TO bb;\n{BUMP}",
         f"ALTER TABLE bb RENAME TO b;\nDELETE FROM b;\n{DROP}"),
    ]


def sqlite():
    rebuild = ("PRAGMA foreign_keys = OFF;\nCREATE TABLE new_users (id integer primary key, name text NOT NULL, age integer, mail text);\n"
               "INSERT INTO new_users SELECT id, name, age, mail FROM users;\nDROP TABLE users;\nALTER TABLE new_users RENAME TO users;\n"
               f"CREATE INDEX ix_users_name ON users (name);\nCREATE INDEX ix_users_mail ON users (mail);\n{BUMP}\nPRAGMA foreign_keys = ON;")
    return common("sqlite") + [
        ("", rebuild, rebuild.replace(" NOT NULL", "").replace("name text", "name varchar(100)").replace(BUMP, DROP)),
        ("", f"CREATE TRIGGER tr AFTER INSERT ON users BEGIN UPDATE counter SET n = n + 1; SELECT 1; END;\nINSERT INTO users (id, name) VALUES (4, 'edsger');",
         "DROP TRIGGER tr;\nDELETE FROM users WHERE name = 'edsger';"),
        ("-- transaction: off\n", f"PRAGMA journal_mode = DELETE;\n{BUMP}\nVACUUM;\nCREATE TABLE off (i integer);\n{BUMP}\nBEGIN;\nINSERT INTO off VALUES (1);\n{BUMP}\nCOMMIT;\nANALYZE;\n{BUMP}",
         f"{DROP}\nVACUUM;\nDROP TABLE off;\n{DROP}"),
        ("", f"BEGIN;\nCREATE TABLE wrapped (i integer);\n{BUMP}\nCOMMIT;", f"BEGIN TRANSACTION;\nDROP TABLE wrapped;\n{DROP}\nEND;"),
    ]


def postgresql():
    return common("postgresql") + [
        ("", "CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE counter SET n = n + 1; RETURN NEW; END $$;\n"
             "CREATE TRIGGER tr AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION bump();\nINSERT INTO users (id, name) VALUES (4, 'edsger');",
         "DROP TRIGGER tr ON users;\nDROP FUNCTION bump();\nDELETE FROM users WHERE name = 'edsger';"),
        ("-- transaction: off\n", f"{BUMP}\nCREATE INDEX CONCURRENTLY ix_users_age ON users (age);\n{BUMP}\nINSERT INTO users (id, name, age) SELECT i + 100, 'n' || i, i FROM generate_series(1, 2000) i;\n"
                                  f"CREATE UNIQUE INDEX CONCURRENTLY ix_users_unique ON users (id, age);\n{BUMP}\nVACUUM users;\nALTER TABLE users ADD COLUMN off integer;\n"
                                  f"BEGIN;\nUPDATE users SET off = 1;\n{BUMP}\nCOMMIT;\nSELECT setval('users_id_seq', 5000);\n{BUMP}",
         f"{DROP}\nDROP INDEX CONCURRENTLY ix_users_unique;\nDELETE FROM users WHERE age < 3000 AND name LIKE 'n%';\n{DROP}\nALTER TABLE users DROP COLUMN off;\n"
         f"DROP INDEX CONCURRENTLY ix_users_age;\n{DROP}"),
        ("", f"BEGIN;\nCREATE TABLE wrapped (i integer);\n{BUMP}\nCOMMIT;", f"START TRANSACTION;\nDROP TABLE wrapped;\n{DROP}\nEND;"),
        ("-- transaction: off\n", f"BEGIN ISOLATION LEVEL REPEATABLE READ;\n{BUMP}\nINSERT INTO c VALUES (1);\nSAVEPOINT s;\n{BUMP}\nROLLBACK TO s;\nCOMMIT AND CHAIN;\n{BUMP}\n{BUMP}\nROLLBACK;\n{BUMP}",
         f"BEGIN;\nDELETE FROM c;\n{DROP}\nROLLBACK AND CHAIN;\nDELETE FROM c;\n{DROP}\nCOMMIT;"),
    ]


def mysql():
    return common("mysql") + [
        ("", "CREATE TRIGGER tr AFTER INSERT ON users FOR EACH ROW BEGIN UPDATE counter SET n = n + 1; END;\nINSERT INTO users (id, name) VALUES (4, 'edsger');\n" + BUMP,
         "DROP TRIGGER tr;\nDELETE FROM users WHERE name = 'edsger';\n" + DROP),
        ("", f"ALTER TABLE users MODIFY name varchar(150) NOT NULL DEFAULT '', ADD COLUMN z integer;\n{BUMP}\nCREATE VIEW v AS SELECT name FROM users;\n"
             f"SET @old = @@sql_mode;\nUPDATE users SET z = id;\nRENAME TABLE c TO cc;\n{BUMP}",
         f"RENAME TABLE cc TO c;\nDROP VIEW v;\n{DROP}\nALTER TABLE users DROP COLUMN z, MODIFY name varchar(100);"),
        ("", f"BEGIN;\nCREATE TABLE wrapped (i integer);\n{BUMP}\nCOMMIT;\nSTART TRANSACTION;\n{BUMP}\nUPDATE users SET age = age + 1;\n{BUMP}\nCOMMIT;\nCREATE TABLE d1 (i integer);\nCREATE TABLE d2 (i integer);",
         f"BEGIN;\nDROP TABLE wrapped;\n{DROP}\nCOMMIT;\nUPDATE users SET age = age - 1;\nDROP TABLE d1, d2;"),
        ("", f"{BUMP}\nBEGIN;\n{BUMP}\nUPDATE users SET age = age + 1;\nSAVEPOINT s;\n{BUMP}\nROLLBACK TO SAVEPOINT s;\nINSERT INTO cc VALUES (1);\nCOMMIT;\n"
             f"BEGIN;\n{BUMP}\n{BUMP}\nROLLBACK;\nSTART TRANSACTION;\n{BUMP}\n{BUMP}\nALTER TABLE cc ADD COLUMN w integer;\n{BUMP}\nUPDATE cc SET w = z;\nCOMMIT;",
         f"START TRANSACTION;\n{DROP}\nUPDATE users SET age = age - 1;\nDELETE FROM cc;\n{DROP}\nCOMMIT;\nALTER TABLE cc DROP COLUMN w;\nBEGIN;\n{DROP}\nROLLBACK;"),
    ]


def units(engine):
    return {"sqlite": sqlite, "postgresql": postgresql, "mysql": mysql}[engine]()
