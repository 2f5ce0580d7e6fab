"""Differences that are planted: two databases which the oracle has to tell apart. What it does not see no case can test."""
from tools import Failure, difference

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a varchar(20), b varchar(50));\n"
TRIGGER = "CREATE {} TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET new.b = {};"
PLAIN = TABLE + TRIGGER.format("", "concat('x', new.a)")
ROUTINES = "CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC RETURN a + 1;\nCREATE PROCEDURE p() SELECT 1;"
EVENT = "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01 00:00:00' {} DO SELECT 1;"
VIEW = "CREATE VIEW v AS SELECT id, 'x' AS x FROM t;"

# name: (one database, the other)
MYSQL = {
    "the body of a trigger": (PLAIN, TABLE + TRIGGER.format("", "concat('y', new.a)")),
    "a quote in the body of a trigger": (TABLE + TRIGGER.format("", "concat('''', new.a)"), TABLE + TRIGGER.format("", "concat('', new.a)")),
    "the definer of a trigger": (PLAIN, TABLE + TRIGGER.format("DEFINER = somebody@localhost", "concat('x', new.a)")),
    "the mode of a trigger": (PLAIN, "SET sql_mode = 'PIPES_AS_CONCAT';\n" + PLAIN),
    "the character set of a trigger": (PLAIN, "SET character_set_client = latin1;\n" + PLAIN),
    "the collation of a trigger": (PLAIN, "SET collation_connection = utf8mb4_bin;\n" + PLAIN),
    "the moment of a trigger": (TABLE + TRIGGER.format("", "1").replace("new.b", "@x"), TABLE + TRIGGER.format("", "1").replace("new.b", "@x").replace("BEFORE", "AFTER")),
    "the body of a function": (ROUTINES, ROUTINES.replace("+ 1", "+ 2")),
    "the definer of a procedure": (ROUTINES, ROUTINES.replace("CREATE PROCEDURE", "CREATE DEFINER = somebody@localhost PROCEDURE")),
    "the mode of a routine": (ROUTINES, "SET sql_mode = 'ANSI_QUOTES';\n" + ROUTINES),
    "the security of a procedure": (ROUTINES, ROUTINES.replace("p()", "p() SQL SECURITY INVOKER")),
    "the comment of a procedure": (ROUTINES, ROUTINES.replace("p()", "p() COMMENT 'x'")),
    "the start of an event": (EVENT.format(""), EVENT.format("").replace("2031", "2032")),
    "the end of an event": (EVENT.format(""), EVENT.format("ENDS '2035-01-01 00:00:00'")),
    "the time zone of an event": (EVENT.format(""), "SET time_zone = '+05:00';\n" + EVENT.format("")),
    "the definer of an event": (EVENT.format(""), EVENT.format("").replace("CREATE", "CREATE DEFINER = somebody@localhost")),
    "the state of an event": (EVENT.format(""), EVENT.format("DISABLE")),
    "the definer of a view": (TABLE + VIEW, TABLE + VIEW.replace("CREATE", "CREATE DEFINER = somebody@localhost")),
    "the security of a view": (TABLE + VIEW, TABLE + VIEW.replace("CREATE", "CREATE SQL SECURITY INVOKER")),
    "the character set of a view": (TABLE + VIEW, TABLE + "SET character_set_client = latin1, collation_connection = latin1_swedish_ci;\n" + VIEW),
    "a grant on columns": (TABLE, TABLE + "GRANT SELECT (a), INSERT ON t TO {user};"),
    "a grant on a routine": (ROUTINES, ROUTINES + "GRANT EXECUTE ON PROCEDURE p TO {user};"),
    "the comment of a column": (TABLE, TABLE.replace("a varchar(20)", "a varchar(20) COMMENT 'x'")),
    "the engine of a table": (TABLE, TABLE.replace(");", ") ENGINE=MyISAM;")),
    "the row format of a table": (TABLE, TABLE.replace(");", ") ROW_FORMAT=COMPACT;")),
    "the collation of a table": (TABLE, TABLE.replace(");", ") COLLATE=utf8mb4_bin;")),
}
PLANTED = {"mysql": MYSQL}


def check(name, first, second):
    def planted(engine, folder, label, log):
        one, other = engine.create(label + "_x", folder), engine.create(label + "_y", folder)
        try:
            one.execute(first)
            if difference(one.catalog(), one.catalog(), "one reading", "the next"):
                raise Failure("the same database is told apart from itself")
            other.execute(second.replace("{user}", "'{}'@'{}'".format(*other.query("SELECT current_user()").split("@"))))
            if not difference(one.catalog(), other.catalog(), "one", "the other"):
                raise Failure("the oracle does not see it")
        finally:
            one.drop()
            other.drop()
    planted.__name__ = name.replace(" ", "_")
    return planted


def checks(engine):
    return [check(name, *pair) for name, pair in PLANTED.get(engine.dialect, {}).items()]
