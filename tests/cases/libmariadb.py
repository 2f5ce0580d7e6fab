"""The client library of MariaDB and MySQL, by ctypes: a connection that stays costs less than a client for every question."""
import ctypes
import ctypes.util

MULTI_STATEMENTS = 1 << 16


def _load():
    name = ctypes.util.find_library("mariadb") or ctypes.util.find_library("mysqlclient") or "libmariadb.so.3"
    library = ctypes.CDLL(name)
    for function in ("mysql_init", "mysql_real_connect", "mysql_store_result"):
        getattr(library, function).restype = ctypes.c_void_p
    library.mysql_error.restype = ctypes.c_char_p
    library.mysql_fetch_row.restype = ctypes.POINTER(ctypes.c_void_p)
    library.mysql_fetch_lengths.restype = ctypes.POINTER(ctypes.c_ulong)
    library.mysql_fetch_field_direct.restype = ctypes.POINTER(ctypes.c_char_p)  # the name is its first member
    return library


class Error(Exception):
    pass


class Connection:
    library = None

    def __init__(self, host, port, user, password, database):
        Connection.library = Connection.library or _load()
        self.handle = ctypes.c_void_p(self.library.mysql_init(None))
        if not self.library.mysql_real_connect(self.handle, host.encode(), user.encode(), password.encode(), database.encode() or None,
                                               ctypes.c_uint(port), None, ctypes.c_ulong(MULTI_STATEMENTS)):
            self.fail()
        self.query("SET NAMES utf8mb4")

    def fail(self):
        raise Error(self.library.mysql_error(self.handle).decode(errors="replace"))

    def query(self, sql):
        """Runs the statements; the rows of the last that had any, as lists of bytes, None for NULL; their names in `names`."""
        library = self.library
        text = sql.encode()
        if library.mysql_real_query(self.handle, text, ctypes.c_ulong(len(text))):
            self.fail()
        rows = []
        while True:
            result = ctypes.c_void_p(library.mysql_store_result(self.handle))
            if result:
                rows = self.rows_of(result)
                library.mysql_free_result(result)
            elif library.mysql_errno(self.handle):
                self.fail()
            more = library.mysql_next_result(self.handle)
            if more > 0:
                self.fail()
            if more < 0:
                return rows

    def rows_of(self, result):
        count = self.library.mysql_num_fields(result)
        self.names = [self.library.mysql_fetch_field_direct(result, ctypes.c_uint(i))[0].decode() for i in range(count)]
        rows = []
        while True:
            row = self.library.mysql_fetch_row(result)
            if not row:
                return rows
            lengths = self.library.mysql_fetch_lengths(result)
            rows.append([None if row[i] is None else ctypes.string_at(row[i], lengths[i]) for i in range(count)])

    def close(self):
        self.library.mysql_close(self.handle)
