"""PostgreSQL's own client library, by ctypes: a connection that stays costs less than a psql for every question."""
import ctypes
import ctypes.util

TUPLES = 2
QUIET = "options=-c%20client_min_messages%3Derror"
OK = {0, 1, 2, 5}  # empty, command, tuples, copy


def _load():
    library = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
    library.PQconnectdb.restype = ctypes.c_void_p
    library.PQexec.restype = ctypes.c_void_p
    for name in ("PQerrorMessage", "PQresultErrorMessage", "PQgetvalue"):
        getattr(library, name).restype = ctypes.c_char_p
    return library


class Error(Exception):
    pass


class Connection:
    library = None

    def __init__(self, url):
        Connection.library = Connection.library or _load()
        self.handle = ctypes.c_void_p(self.library.PQconnectdb((url + ("&" if "?" in url else "?") + QUIET).encode()))
        if self.library.PQstatus(self.handle) != 0:
            raise Error(self.library.PQerrorMessage(self.handle).decode(errors="replace").strip())

    def query(self, sql):
        """The rows of the last statement as lists of text, None for NULL."""
        library = self.library
        result = ctypes.c_void_p(library.PQexec(self.handle, sql.encode()))
        try:
            if library.PQresultStatus(result) not in OK:
                raise Error(library.PQresultErrorMessage(result).decode(errors="replace").strip())
            columns = range(library.PQnfields(result))
            return [[None if library.PQgetisnull(result, row, column) else library.PQgetvalue(result, row, column).decode(errors="replace")
                     for column in columns] for row in range(library.PQntuples(result))]
        finally:
            library.PQclear(result)

    def close(self):
        self.library.PQfinish(self.handle)
