"""Columns of every kind on every engine, with the values that break copies.

A column is (name, its type on the engine, its kind, how its value reads as SQL). A kind says how two engines' texts of one value are
compared (canonical) and whether a target can hold it (fits); neither knows how migrate does that."""
import datetime
import decimal
import json
import math
import random
import struct
import uuid

decimal.getcontext().prec = 200

MYSQL = ("mysql", "mariadb")


class Column:
    def __init__(self, name, type, kind, values, length=None, unsigned=False, width=64, digits=None, members=None):
        self.name, self.type, self.kind, self.values = name, type, kind, values
        self.length, self.unsigned, self.width, self.digits, self.members = length, unsigned, width, digits, members


def integers(width, unsigned=False):
    low, high = (0, 2 ** width - 1) if unsigned else (-(2 ** (width - 1)), 2 ** (width - 1) - 1)
    return [None, 0, 1, low, high, high - 1, high // 3]


TEXTS = [None, "", "a", "A", " ", "x ", "NULL", "\\N", "it's", 'say "hi"', "a;b", "line\nbreak", "tab\there", "cr\rlf\r\n", "back\\slash", "%s {0} $1 ?", "ünïcödé", "日本語", "😀🎉", "é́",
         "--", "/* x */", "'); DROP TABLE x; --", "\u200b", "\x01\x1a\x7f", "0", "1e5", "\\x41", "{}", "\ufeffbom"]
SHORT = [value for value in TEXTS if value is None or len(value) <= 8]
BYTES = [None, b"", b"\x00", b"a", b"\x00\x01\xff\xfe", b"\\x41", b"'quote\"", bytes(range(20)), b"\n\r\t\\", b"\x80\x81"]
REALS = [None, 0.0, 1.0, -1.5, 0.1, 1 / 3, 1e15, 1e16, 123456789012345680.0, 1e-5, 1e-7, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308, 1e22, 1e23, 9007199254740993.0, -0.001, 100.0, 4.35, 5.684341886080802e-14]
SINGLES = [None, 0.0, 1.0, -1.5] + [struct.unpack("f", struct.pack("f", value))[0] for value in (0.1, 1 / 3, 3.4e38, 1e-30, 16777216.0, 123456.789)]
DATES = [None, "1970-01-01", "2024-02-29", "1000-01-01", "9999-12-31", "1900-02-28", "2000-12-31"]
TIMES = [None, "00:00:00", "23:59:59", "12:34:56.789", "00:00:00.000001", "23:59:59.999999", "12:00:00.5"]
STAMPS = [None, "1970-01-01 00:00:01", "2024-02-29 12:34:56.789012", "1000-01-01 00:00:00", "9999-12-31 23:59:59.999999", "2020-06-01 00:00:00.5", "1999-12-31 23:59:59"]
MOMENTS = [None, "1970-01-01 00:00:01", "2024-02-29 12:34:56.789012", "2020-06-01 00:00:00.5", "2037-12-31 23:59:59.999999", "2024-10-27 00:30:00", "2024-10-27 01:30:00"]
DECIMALS = [None, "0", "1", "-1", "0.0000000001", "1234567890123456789012345678.0123456789", "-9999999999999999999999999999.9999999999", "1.10", "100", "0.5"]
SMALL_DECIMALS = [None, "0", "1.10", "-1.1", "99999999.99", "-99999999.99", "0.01", "12345678.9"]
UUIDS = [None, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "6f1c1b3e-5f0a-4c33-9d8e-0123456789ab"]
JSONS = [None, "{}", "[]", '{"b": 1, "a": [1, 2.5, null, true, "x\\u00e9"]}', '"text"', "123", "null", '{"nested": {"deep": ["😀", "\\"quoted\\""]}}', '[1,2,3]']


def columns(engine):
    common = [Column("real_d", "double precision", "real", REALS), Column("t", "text", "text", TEXTS), Column("v", "varchar(20)", "text", SHORT, length=20),
              Column("da", "date", "date", DATES), Column("u", "uuid", "uuid", UUIDS)]
    if engine == "postgresql":
        return common + [
            Column("b", "boolean", "boolean", [None, True, False]), Column("i2", "smallint", "integer", integers(16), width=16), Column("i4", "integer", "integer", integers(32), width=32),
            Column("i8", "bigint", "integer", integers(64)), Column("n", "numeric", "decimal", DECIMALS + ["1e50", "NaN", "1.123456789012345678901234567890123456789"]),
            Column("n38", "numeric(38,10)", "decimal", DECIMALS, digits=(38, 10)), Column("n10", "numeric(10,2)", "decimal", SMALL_DECIMALS, digits=(10, 2)),
            Column("f", "real", "real", SINGLES + [math.inf]), Column("d", "double precision", "real", REALS + [math.inf, -math.inf, math.nan]),
            Column("c", "char(8)", "padded", [value for value in SHORT if value is None or not value.endswith(" ")], length=8), Column("by", "bytea", "bytes", BYTES),
            Column("ti", "time", "time", TIMES), Column("ts", "timestamp", "timestamp", STAMPS + ["infinity", "0044-03-15 12:00:00 BC", "12000-01-01 00:00:00"]),
            Column("tz", "timestamptz", "moment", MOMENTS + ["infinity"]), Column("dai", "date", "date", DATES + ["infinity", "-infinity"]),
            Column("j", "json", "json", JSONS), Column("jb", "jsonb", "json", JSONS), Column("bi", "bit(5)", "bits", [None, "00000", "10101", "11111"], length=5),
            Column("iv", "interval", "own", [None, "1 day", "-3 mons +2 days 04:05:06.7", "00:00:00"]), Column("ar", "integer[]", "own", [None, "{}", "{1,2,NULL,3}", "{{1,2},{3,4}}"]),
            Column("ine", "inet", "own", [None, "10.0.0.1", "192.168.0.0/16", "::1", "2001:db8::/32"]), Column("rng", "int4range", "own", [None, "empty", "[1,10)", "(,5)"]),
            Column("e", "mood", "text", [None, "sad", "ok", "very happy"], members=("sad", "ok", "very happy")), Column("m", "money", "decimal", [None, "0", "12.34", "-99999.99"], digits=(19, 2))]
    if engine in MYSQL:
        own = [Column("b", "tinyint(1)", "boolean", [None, True, False]), Column("i1", "tinyint", "integer", integers(8), width=8), Column("u1", "tinyint unsigned", "integer", integers(8, True), width=8, unsigned=True),
               Column("i2", "smallint", "integer", integers(16), width=16), Column("i3", "mediumint", "integer", integers(24), width=24), Column("i4", "int", "integer", integers(32), width=32),
               Column("u4", "int unsigned", "integer", integers(32, True), width=32, unsigned=True), Column("i8", "bigint", "integer", integers(64)),
               Column("u8", "bigint unsigned", "integer", integers(64, True), unsigned=True), Column("n38", "decimal(38,10)", "decimal", DECIMALS, digits=(38, 10)),
               Column("n10", "decimal(10,2)", "decimal", SMALL_DECIMALS, digits=(10, 2)), Column("f", "float", "real", SINGLES), Column("l", "longtext", "text", TEXTS + ["nul\x00byte"]),
               Column("c", "char(8)", "padded", [value for value in SHORT if value is None or not value.endswith(" ")], length=8), Column("vb", "varbinary(20)", "bytes", BYTES, length=20), Column("bl", "longblob", "bytes", BYTES),
               Column("fb", "binary(4)", "bytes", [None, b"\x00\x00\x00\x00", b"abcd", b"\xff\x00\xff\x00"], length=4), Column("dz", "date", "date", DATES + ["0000-00-00"]),
               Column("ti", "time(6)", "time", TIMES + ["-12:00:00", "838:59:59", "24:00:00"]), Column("dt", "datetime(6)", "timestamp", STAMPS + ["0000-00-00 00:00:00"]),
               Column("ts", "timestamp(6) NULL", "moment", MOMENTS), Column("y", "year", "integer", [None, 1901, 2024, 2155], width=16), Column("bi", "bit(5)", "bits", [None, "00000", "10101", "11111"], length=5),
               Column("e", "enum('sad','ok','very happy')", "text", [None, "sad", "ok", "very happy"], members=("sad", "ok", "very happy")), Column("s", "set('a','b','c')", "text", [None, "", "a", "a,c", "a,b,c"]),
               Column("j", "json", "json", JSONS)]
        common = [column for column in common if column.name != "u"] + ([Column("u", "uuid", "uuid", UUIDS)] if engine == "mariadb" else [])
        common = [Column("real_d", "double", "real", [value for value in REALS if value != 5e-324]) if column.name == "real_d" else column for column in common]
        return common + own
    return common + [
        Column("b", "boolean", "boolean", [None, True, False]), Column("i8", "integer", "integer", integers(64)), Column("n10", "numeric(10,2)", "decimal", SMALL_DECIMALS, digits=(10, 2)),
        Column("n38", "text", "text", DECIMALS), Column("by", "blob", "bytes", BYTES), Column("ti", "time", "time", TIMES), Column("ts", "timestamp", "timestamp", STAMPS + ["0000-00-00 00:00:00"]),
        Column("tz", "timestamptz", "moment", MOMENTS), Column("long", "varchar(5)", "text", [None, "12345", "123456"], length=5), Column("n", "text", "text", TEXTS + ["nul\x00byte"]),
        Column("mixed", "", "mixed", [None, 1, -7, 2.5, "text", "5", b"\x01\x02"]), Column("ii", "integer", "integer", [None, 1, 2, "no number"])]


def rows(engine, seed, count):
    """Each row has at most one value that some target refuses, so that what is rejected can be told."""
    draw = random.Random(seed)
    table = columns(engine)
    safe = {column.name: [value for value in column.values if all(fits(column, value, target, engine) for target in ("sqlite", "postgresql", "mysql"))] for column in table}
    out = []
    for column in table:
        for value in column.values:
            out.append([value if other is column else draw.choice(safe[other.name]) for other in table])
    while len(out) < count:
        out.append([draw.choice(safe[column.name]) for column in table])
    return out


def fits(column, value, target, source):
    """Whether the target can hold the value, as engines' manuals have it. `source` is an engine too: its own values it always holds."""
    family = lambda engine: "mysql" if engine in MYSQL else engine
    if value is None or family(target) == family(source):
        return True
    if column.kind == "boolean":
        return True
    if column.kind == "integer":
        return isinstance(value, int)
    if column.kind == "decimal":
        number = decimal.Decimal(value)
        if number.is_nan():
            return target in ("postgresql", "sqlite")
        if target in MYSQL and column.digits is None:
            sign, digits, exponent = number.as_tuple()
            whole = max(len(digits) + exponent, 0)
            return -(number.normalize().as_tuple().exponent) <= 30 and whole <= 35
        return True
    if column.kind == "real":
        if math.isnan(value):
            return target == "postgresql"
        return target in ("postgresql", "sqlite") or not math.isinf(value)
    if column.kind in ("text", "padded"):
        if column.length and source == "sqlite" and len(value) > column.length:
            return False
        return not (target == "postgresql" and "\x00" in value)
    if column.kind == "mixed":
        return not isinstance(value, bytes)
    if column.kind in ("date", "timestamp", "moment"):
        odd = "infinity" in value or "BC" in value or len(value.split("-")[0]) > 4
        if odd:
            return target in ("postgresql", "sqlite")
        return not (value.startswith("0000") and target == "postgresql")
    if column.kind == "time":
        if target == "sqlite" or source == "postgresql":
            return True
        return target in MYSQL or (not value.startswith("-") and value <= "24:00:00" and len(value.split(":")[0]) == 2)
    return True


def literal(engine, column, value):
    """The value as SQL of the engine."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return {"postgresql": str(value).lower()}.get(engine, str(int(value)))
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea" if engine == "postgresql" else f"X'{value.hex()}'"
    if isinstance(value, (int, float)):
        if isinstance(value, float) and (math.isinf(value) or math.isnan(value)):
            return f"'{value}'"
        return repr(value)
    if column.kind == "bits":
        return f"b'{value}'" if engine in MYSQL else f"B'{value}'"
    if engine in MYSQL and column.kind in ("text", "padded"):
        return f"CONVERT(X'{value.encode().hex()}' USING utf8mb4)" if value else "''"
    if engine == "postgresql" and column.kind in ("text", "padded"):
        return "'" + value.replace("'", "''") + "'"
    if engine == "sqlite" and "\x00" in value:
        return f"CAST(X'{value.encode().hex()}' AS TEXT)"
    if engine in MYSQL:
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    if column.kind == "moment" and engine == "postgresql" and "infinity" not in value:
        return f"'{value}+00'"
    return "'" + value.replace("'", "''") + "'"


def canonical(column, value):
    """One form for the texts of all engines."""
    if value is None:
        return None
    if column.kind == "boolean":
        return str(value).lower() in ("1", "t", "true")
    if column.kind == "integer":
        return int(value) if str(value).lstrip("-").isdigit() else str(value)
    if column.kind == "decimal":
        number = decimal.Decimal(str(value).replace("$", "").replace(",", ""))
        return "NaN" if number.is_nan() else number.normalize() + 0
    if column.kind == "real":
        number = float(value)
        return "NaN" if math.isnan(number) else number
    if column.kind == "bytes":
        return bytes(value)
    if column.kind == "padded":
        return str(value).rstrip(" ")
    if column.kind in ("timestamp", "moment", "time"):
        text = str(value).replace("T", " ")
        for zone in ("+00:00", "+00", "Z"):
            text = text.removesuffix(zone)
        head, dot, fraction = text.partition(".")
        tail = ""
        if " BC" in text:
            tail = " BC"
            fraction = fraction.replace(" BC", "")
            head = head.replace(" BC", "")
        fraction = fraction.rstrip("0")
        return head + ("." + fraction if fraction else "") + tail
    if column.kind == "uuid":
        return str(uuid.UUID(str(value)))
    if column.kind == "json":
        return json.dumps(json.loads(value), sort_keys=True)
    if column.kind == "mixed":
        return str(value)
    return str(value)
