"""docs/model.schema.json, which editors use, says of a model what the program says: the same keys, the same models."""
import json
import pathlib
import re
import sys
import unittest

try:
    import yaml
except ImportError:
    print("python3-yaml is not there: the JSON Schema of the model is not tested")
    sys.exit(0)

from support import TestCase, main

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/model.schema.json").read_text(encoding="utf-8"))
ENGINES = {"sqlite", "postgresql", "mysql", "mariadb"}

sys.path.insert(0, str(ROOT / "tests/cases"))
from case_file import Case  # noqa: E402


class Loader(yaml.SafeLoader):
    """The scalars of YAML 1.2, as editors read them: `yes` and `on` are words."""
    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        """A key is a text, `null` too."""
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


for tag, pattern, first in (("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]), ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
                            ("int", r"[-+]?[0-9]+", list("-+0123456789")), ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
                            ("merge", "<<", ["<"])):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)
Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node)))
Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(loader.construct_scalar(node)))

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
KEYWORDS = {"$schema", "$defs", "$ref", "title", "description", "type", "enum", "pattern", "properties", "patternProperties",
            "additionalProperties", "required", "items", "minItems", "anyOf"}


def is_type(value, name):
    if name in ("number", "integer"):
        return isinstance(value, (int, float) if name == "number" else int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def problems(schema, value, place="model"):
    """What JSON Schema 2020-12 finds wrong, for the keywords that the schema uses; nothing else is let through."""
    if isinstance(schema, bool):
        return [] if schema else [f"{place}: not allowed"]
    assert set(schema) <= KEYWORDS, set(schema) - KEYWORDS
    found = []
    if "$ref" in schema:
        target = SCHEMA
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        found += problems(target, value, place)
    types = schema.get("type", [])
    if types and not any(is_type(value, name) for name in ([types] if isinstance(types, str) else types)):
        return found + [f"{place}: {value!r} is no {types}"]
    if "enum" in schema and not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in schema["enum"]):
        found.append(f"{place}: {value!r} is none of {schema['enum']}")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{place}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append(f"{place}: too few items")
        for number, item in enumerate(value):
            found += problems(schema.get("items", True), item, f"{place}[{number}]")
    if isinstance(value, dict):
        found += [f"{place}: no {key}" for key in schema.get("required", []) if key not in value]
        for key, item in value.items():
            inside = [schema["properties"][key]] if key in schema.get("properties", {}) else []
            inside += [inner for pattern, inner in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
            for inner in inside or [schema.get("additionalProperties", True)]:
                found += problems(inner, item, f"{place}.{key}")
    if "anyOf" in schema:
        ways = [problems(way, value, place) for way in schema["anyOf"]]
        if all(ways):
            found += [problem for way in ways for problem in way]
    return found


def load(text):
    return yaml.load(text, Loader)


WRONG = {
    "an unknown kind of object": "tabels: {}",
    "an unknown key of a table": "tables: {t: {colums: {id: int}}}",
    "an unknown key of a column": "tables: {t: {columns: {id: {type: int, nul: false}}}}",
    "a column without a type": "tables: {t: {columns: {id: {null: false}}}}",
    "a table that is a list": "tables: {t: [id]}",
    "tables in a list": "tables: [{name: t, columns: {id: int}}]",
    "a flag that is none": "tables: {t: {columns: {id: {type: int, null: maybe}}}}",
    "an unknown identity": "tables: {t: {columns: {id: {type: int, identity: sometimes}}}}",
    "a number that is none": "sequences: {s: {start: first}}",
    "an unknown action": "tables: {t: {columns: {id: int}, foreign_keys: {f: {columns: [id], references: t(id), on_delete: explode}}}}",
    "a foreign key without a target": "tables: {t: {columns: {id: int}, foreign_keys: {f: {columns: [id]}}}}",
    "an unknown key of an index": "tables: {t: {columns: {id: int}, indexes: {i: {columns: [id], uniqe: true}}}}",
    "an index without columns": "tables: {t: {columns: {id: int}, indexes: {i: []}}}",
    "a check without an expression": "tables: {t: {columns: {id: int}, checks: {c: {comment: none}}}}",
    "an unknown dialect": "tables: {t: {columns: {id: {type: int, dialects: [oracle]}}}}",
    "a mask that is a list": "tables: {t: {columns: {id: {type: int, mask: [hash]}}}}",
    "an unknown order": "tables: {t: {columns: {id: int}, order: sorted}}",
    "a section that is no map": "tables: {t: {columns: {id: int}, sqlite: strict}}",
    "a default that is a list": "tables: {t: {columns: {id: {type: int, default: [1]}}}}",
    "an enum without values": "enums: {e: {comment: none}}",
    "a view without a query": "views: {v: {comment: none}}",
    "a model that is a list": "- tables",
}


RIGHT = {
    "privileges in every form": "owner: boss\ngrants: {app: select, lead: {privileges: [select, insert], with_grant_option: [select]}, h: [{privileges: select, granted_by: lead}, update]}\n"
                                "schemas: {audit: {dialects: postgresql, owner: boss, grants: {app: [usage]}}}\ndefault_privileges: [{on: tables, grants: {app: all}}]\n"
                                "tables: {t: {columns: {id: {type: integer, grants: {app: {privileges: [select], with_grant_option: true}}}}, owner: boss, grants: {}}}",
    "nothing": "",
    "empty kinds": "tables:\nviews:\nenums:\ntriggers:\n",
    "a place for anchors": "x-common: &id {type: int, null: false}\ntables: {t: {columns: {id: *id}, primary_key: id}}",
    "words for flags": "tables: {t: {columns: {id: {type: int, null: no, unique: yes, index: on}}}}",
    "numbers as text": "sequences: {s: {start: '1', increment: -1, cycle: false}, r: }",
    "literals": "tables: {t: {columns: {a: {type: int, default: 0}, b: {type: real, default: 1.5}, c: {type: boolean, default: true}, d: {type: text, default: }}}}",
    "expressions": "tables: {t: {columns: {a: {type: int, default: {sql: 1 + 1}}, b: {type: int, generated: a + 1}, c: {type: int, generated: {expression: a, stored: false}}}}}",
    "identities": "tables: {t: {columns: {id: {type: int, identity: {kind: always, start: 5}}, b: {type: int, identity: false}}, primary_key: [id]}}",
    "keys": "tables: {t: {columns: {a: int, b: int}, primary_key: {name: pk, columns: [a]}, uniques: {u: b, v: [a, b], w: {columns: [a desc], deferrable: true}}}}",
    "keys in lists": "tables: {t: {columns: {a: int, b: int}, uniques: [a, [a, b], {name: u, columns: b}], checks: [a > 0, {name: c, expression: b > 0}], indexes: [a, {columns: [b]}]}}",
    "index parts": "tables: {t: {columns: {a: text}, indexes: {i: [a desc nulls last, lower(a), {column: a, desc: true, nulls: first}], j: {expression: upper(a)}, k: {columns: a, where: a > 'b', method: btree}}}}",
    "references": "tables: {t: {columns: {id: {type: int, primary_key: true}, a: {type: int, references: t(id)}, b: {type: int, references: {table: t, columns: [id]}},"
                  " c: {type: int, references: {references: t, on_delete: set_null, on_update: CASCADE}}}}}",
    "foreign keys": "tables: {t: {columns: {id: {type: int, primary_key: true}, b: int}, foreign_keys: [{column: b, references: {table: t, columns: id}, match: simple}, {columns: [b], references: t}]}}",
    "masks": "tables: {t: {columns: {a: {type: text, mask: email}, b: {type: date, mask: {with: date_shift, days: 30}}, c: {type: text, mask: null}, d: {type: text, mask: {with: constant, value: x}}}}}",
    "engines": "tables: {t: {dialects: sqlite, columns: {a: {type: int, mysql: {type: bigint, unsigned: true}, dialects: [sqlite, mysql]}}, sqlite: {strict: true}, postgresql: {with: {fillfactor: 70}}}}",
    "options of the database": "mysql: {charset: utf8mb4}\ntables: {t: {columns: {a: int}}}",
    "enums": "enums: {e: [a, {value: b, renamed_from: c}, yes, null], f: {values: [a], comment: x}}",
    "views": "views: {v: SELECT 1, w: {sql: SELECT 2, columns: a, dialects: []}}",
    "triggers": "tables: {t: {columns: {a: int}, triggers: {r: CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END}}}\n"
                "triggers: {s: {table: t, definition: CREATE TRIGGER s AFTER INSERT ON t BEGIN SELECT 1; END}}",
}


class ModelSchema(TestCase):
    def validate(self, text, what):
        found = problems(SCHEMA, load(text))
        self.assertEqual(found, [], f"{what}\n{text}")

    def test_the_sample_project(self):
        self.validate((ROOT / "migrations/model.yaml").read_text(encoding="utf-8"), "migrations/model.yaml")

    def test_the_models_of_the_pages(self):
        for page in (ROOT / "docs").glob("*.md"):
            for block in re.findall(r"<!-- file: model.yaml -->\n```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M):
                self.validate(block, page.name)
        page = (ROOT / "docs/model.md").read_text(encoding="utf-8")
        for block in re.findall(r"^```yaml\n(.*?)^```", page, re.S | re.M):
            tables = {"uniques", "indexes", "foreign_keys", "checks"}
            model = load(block)
            self.assertEqual(problems(SCHEMA["$defs"]["table"] if tables & set(model or ()) else SCHEMA, model), [], block)

    def test_the_models_of_the_cases(self):
        count = 0
        for path in sorted((ROOT / "tests/cases").glob("*/*.case")):
            case = Case(path)
            for section in ("model", "model 2"):
                if case.has(section) and not case.has("refuse"):
                    self.validate(case.text(section), case.name)
                    count += 1
        self.assertGreater(count, 40)

    def test_what_inspect_writes(self):
        for project in self.each():
            cases = sorted((ROOT / "tests/cases" / project.dialect).glob("*.case"))
            for path in cases[:: max(1, len(cases) // 12)]:
                case = Case(path)
                if not case.has("after") or case.has("roles") or case.has("config"):
                    continue
                other = self.project(project.engine)
                if other.database.script(case.text("after"), other.folder).code != 0:
                    continue
                self.validate(other.migrate("inspect").out, case.name)

    def test_wrong_models_are_refused_by_the_schema_and_by_the_program(self):
        project = self.project("sqlite")
        for what, text in WRONG.items():
            with self.subTest(what):
                project.write("model.yaml", text + "\n")
                project.migrate("diff", code=2)
                self.assertNotEqual(problems(SCHEMA, load(text)), [])

    def test_every_way_to_write_a_model_is_right_for_both(self):
        project = self.project("sqlite")
        for what, text in RIGHT.items():
            with self.subTest(what):
                self.assertEqual(problems(SCHEMA, load(text)), [])
                project.write("model.yaml", text + "\n")
                done = project.migrate("diff", code=None)
                self.assertIn(done.code, (0, 3), done)

    def test_the_keys_are_the_reader_s(self):
        """Every list of keys in the source stands in the schema, and the other way round."""
        source = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src/schema").glob("model_*.cpp")))
        lists = re.findall(r"Properties \w+\((?:context_?), [^{;]*\{([^}]*)\}(?:, (?:\"[a-z ]+\"|kind))?\)", source) + re.findall(r"_keys\{([^}]*)\}", source)
        read = {frozenset(re.findall(r'"([^"]+)"', keys)) for keys in lists}
        schema = {frozenset(one["properties"]) - ENGINES - {"dialects"} for name, one in SCHEMA["$defs"].items()
                  if "properties" in one and not name.endswith("_section")}
        top = set(re.findall(r'"([^"]+)"', re.search(r"keys\{([^}]*)\};\s*return keys", source).group(1)))
        self.assertEqual(set(SCHEMA["properties"]) - ENGINES, top)
        self.assertEqual({tuple(sorted(keys)) for keys in read - schema}, set())
        self.assertEqual({tuple(sorted(keys)) for keys in schema - read}, set())
        for name, one in SCHEMA["$defs"].items():
            if name.endswith("_section"):
                self.assertEqual(set(one["properties"]), set(SCHEMA["$defs"][name.removesuffix("_section")]["properties"]) - ENGINES - {"dialects"})


if __name__ == "__main__":
    main()
