"""The engines that cases run on: SQLite, and every server that is there."""
import engine_mysql
import engine_postgresql
import engine_sqlite


def available(names=None):
    """All, or those with these names; says which are left out."""
    found = []
    for engine in (engine_sqlite.Engine(), engine_postgresql.Engine(), engine_mysql.Engine("mariadb"), engine_mysql.Engine("mysql")):
        if names and engine.name not in names:
            continue
        if engine.missing:
            print(f"{engine.name}: skipped, {engine.missing}")
        else:
            found.append(engine)
    return found
