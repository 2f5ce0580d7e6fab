"""The library in a program: the example, built against the installed package; and one executable with the units inside."""
import os
import pathlib
import shutil
import subprocess
import unittest

from support import PROGRAM, Project, TestCase, engines, main, run

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(PROGRAM).resolve().parent


def well(command, **more):
    done = run(command, **more)
    if done.code != 0:
        raise AssertionError(f"{command}: {done!r}")
    return done


def cpp_unit(id, parents, up, down):
    return (f"// revision: {id}\n" + (f"// parents: {parents}\n" if parents else "") + f"// message: unit {id}\n\n#include <migrate/unit.hpp>\n\n"
            f"void upgrade(migrate::Operations& op) {{ {up} }}\nvoid downgrade(migrate::Operations& op) {{ {down} }}\n\nMIGRATE_UNIT(upgrade, downgrade)\n")


class Library(TestCase):
    def test_the_example_upgrades_its_database_and_refuses_others(self):
        project = self.project("sqlite")
        prefix = project.folder / "prefix"
        well(["cmake", "--install", BUILD, "--prefix", prefix])
        shutil.copytree(SOURCE / "example", project.folder / "example")
        shutil.rmtree(project.folder / "migrations")
        shutil.copytree(SOURCE / "migrations", project.folder / "migrations")
        head = well([PROGRAM, "heads", "-c", project.folder]).out.split()[0]
        project.write("migrations/0010_extra.cpp", cpp_unit("0010-eeeeee", head, 'op.create_table("extra", [](migrate::TableDefinition& t) { t.column("id", "bigint").primary_key(); });', 'op.drop_table("extra");'))
        project.write("migrations/0011_more.cpp", cpp_unit("0011-ffffff", "0010-eeeeee", 'op.execute("INSERT INTO extra VALUES (?)", {7});', 'op.execute("DELETE FROM extra");'))
        well(["cmake", "-S", "example", "-B", "out", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"], cwd=project.folder)
        well(["cmake", "--build", "out"], cwd=project.folder)
        shop = project.folder / "out/shop"
        shutil.rmtree(project.folder / "migrations")  # nothing is read from there
        for engine in engines():
            with self.subTest(engine=engine):
                other = self.project(engine)
                url = other.database.url
                runs = [subprocess.Popen([shop, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
                counts = []
                for process in runs:
                    out, err = process.communicate(timeout=120)
                    self.assertEqual(process.returncode, 0, out + err)
                    counts.append(int(out.split("upgraded by ")[1].split()[0]))
                self.assertGreater(max(counts), 5)
                self.assertEqual(sum(counts), max(counts))  # every revision by one of them
                self.assertEqual(other.sql("SELECT count(*) FROM extra WHERE id = 7"), "1")
                well([shop, url, "0011"])
                self.assertIn("too new", run([shop, url, "0010"]).err)
                self.assertIn("too new", run([shop, url, "10"]).err)
                well([shop, url, "11"])
                well([shop, url, "head"])
                self.assertIn("names no one revision", run([shop, url, "base"]).err)
                self.assertIn("too old", run([shop, url, "0012"]).err)


class Bundle(TestCase):
    def test_a_bundle_needs_nothing_around_it(self):
        for project in self.each():
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);\n-- migrate: include data/rows.sql", "DROP TABLE a;")
            project.write("migrations/data/rows.sql", "INSERT INTO a VALUES (1);\n")
            project.write("migrations/0002.cpp", cpp_unit("0002-bbbbbb", "0001-aaaaaa", 'op.execute("INSERT INTO a VALUES (?)", {2});', 'op.execute("DELETE FROM a WHERE id = 2");'))
            file = project.folder / "elsewhere/release"
            file.parent.mkdir()
            project.migrate("bundle", "-o", str(file))
            shutil.rmtree(project.folder / "migrations")
            (project.folder / "migrate.yaml").unlink()
            temporary = project.folder / "tmp"
            temporary.mkdir()
            environment = {"TMPDIR": str(temporary)}
            done = run([file, "upgrade"], cwd=file.parent, env=environment)
            self.assertEqual(done.code, 0, done)
            self.assertEqual(project.sql("SELECT count(*) FROM a"), "2")
            self.assertEqual(run([file, "heads"], cwd=file.parent, env=environment).out.split()[0], "0002-bbbbbb")
            self.assertEqual(run([file, "nonsense"], cwd=file.parent, env=environment).code, 2)
            done = run([file, "downgrade", "base"], cwd=file.parent, env=environment)
            self.assertEqual(done.code, 0, done)
            self.assertEqual(list(temporary.iterdir()), [])


if __name__ == "__main__":
    main()
