#include "dialect/postgresql/run/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "core/process.hpp"
#include "core/streams.hpp"
#include "dialect/postgresql/run/parameters.hpp"

namespace migrate::postgresql {
namespace {

/// The program; nothing of a URL stands on its command line.
ProgramCall call_of(const BackupPlace& place, const std::string& name, const ServerInfo* server) {
  const auto program = find_program({name}, place.tools);
  if (!program) {
    throw Error{ErrorKind::failed, fmt::format("a backup of PostgreSQL needs {}, which is not {}", name, place.tools.empty() ? "on the PATH" : "in " + place.tools.string()),
                "install PostgreSQL's client programs, or name their folder in migrate.yaml: `backup: {tools: FOLDER}`"};
  }
  ProgramCall call{.program = *program};
  if (server == nullptr) return call;
  const auto version = output_of({.program = *program, .arguments = {"--version"}});  // "pg_dump (PostgreSQL) 15.18 (...)"
  const auto digit = version.find_first_of("0123456789");
  int major = 0;
  if (digit != std::string::npos) std::from_chars(version.data() + digit, version.data() + version.size(), major);
  if (major < server->version_number / 10000) {
    throw Error{ErrorKind::failed, fmt::format("{} is of version {}, older than the server ({})", program->string(), major, server->version),
                fmt::format("install the client programs of PostgreSQL {}, and name their folder in migrate.yaml: `backup: {{tools: FOLDER}}`", server->version_number / 10000)};
  }
  return call;
}

/// Where to connect to, in a file that nobody else reads, and the password in the environment.
void connect_by(ProgramCall& call, const DatabaseUrl& url, const SecretFolder& secrets) {
  std::string service = "[migrate]\n";
  std::string password;
  for (const auto& [name, value] : connection_settings(url)) {
    if (value.find('\n') != std::string::npos) throw Error{ErrorKind::usage, "the parameter " + name + " of the URL holds a line break, which PostgreSQL's programs cannot be given"};
    if (name == "password") password = value;
    else if (name != "client_encoding") service += name + "=" + value + "\n";
  }
  call.environment = {{"PGSERVICEFILE", secrets.write("service", service)}, {"PGSERVICE", "migrate"}};
  if (!password.empty()) call.environment.emplace_back("PGPASSWORD", password);
}

/// Everything in the database that is not the system's, nor an extension's own, goes; each with all that hangs on it, whichever comes first.
constexpr std::string_view empty_sql = R"SQL(
SET LOCAL client_min_messages = error;
DO $migrate$
DECLARE
  item record;
  drops text[];
  statement text;
BEGIN
  FOR item IN SELECT evtname AS name FROM pg_event_trigger LOOP
    EXECUTE format('DROP EVENT TRIGGER IF EXISTS %I CASCADE', item.name);
  END LOOP;
  FOR item IN SELECT pubname AS name FROM pg_publication LOOP
    EXECUTE format('DROP PUBLICATION IF EXISTS %I', item.name);
  END LOOP;
  FOR item IN SELECT nspname AS name FROM pg_namespace n
      WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'public')
        AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extnamespace = n.oid)
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e') LOOP
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', item.name);
  END LOOP;
  -- All statements before the first runs: what goes with another one cannot be described any more.
  SELECT coalesce(array_agg(format('DROP %s IF EXISTS %s CASCADE', replace(i.type, 'statistics object', 'statistics'), i.identity)), '{}') INTO drops FROM (
          SELECT 'pg_class'::regclass::oid, oid, relnamespace FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
          UNION ALL SELECT 'pg_type'::regclass::oid, t.oid, typnamespace FROM pg_type t
            WHERE typtype IN ('e', 'd', 'r') OR (typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND relkind = 'c')) OR (typtype = 'b' AND typelem = 0)
          UNION ALL SELECT 'pg_proc'::regclass::oid, oid, pronamespace FROM pg_proc
          UNION ALL SELECT 'pg_operator'::regclass::oid, oid, oprnamespace FROM pg_operator
          UNION ALL SELECT 'pg_opfamily'::regclass::oid, oid, opfnamespace FROM pg_opfamily
          UNION ALL SELECT 'pg_collation'::regclass::oid, oid, collnamespace FROM pg_collation
          UNION ALL SELECT 'pg_conversion'::regclass::oid, oid, connamespace FROM pg_conversion
          UNION ALL SELECT 'pg_statistic_ext'::regclass::oid, oid, stxnamespace FROM pg_statistic_ext
          UNION ALL SELECT 'pg_ts_config'::regclass::oid, oid, cfgnamespace FROM pg_ts_config
          UNION ALL SELECT 'pg_ts_dict'::regclass::oid, oid, dictnamespace FROM pg_ts_dict
          UNION ALL SELECT 'pg_ts_parser'::regclass::oid, oid, prsnamespace FROM pg_ts_parser
          UNION ALL SELECT 'pg_ts_template'::regclass::oid, oid, tmplnamespace FROM pg_ts_template
        ) o(classid, objid, schema)
        JOIN pg_namespace n ON n.oid = o.schema AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
        CROSS JOIN LATERAL pg_identify_object(o.classid, o.objid, 0) i
      WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype IN ('e', 'i'));
  FOREACH statement IN ARRAY drops LOOP
    EXECUTE statement;
  END LOOP;
  FOR item IN SELECT srvname AS name FROM pg_foreign_server LOOP
    EXECUTE format('DROP SERVER IF EXISTS %I CASCADE', item.name);
  END LOOP;
  FOR item IN SELECT fdwname AS name FROM pg_foreign_data_wrapper f
      WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND d.objid = f.oid AND d.deptype = 'e') LOOP
    EXECUTE format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', item.name);
  END LOOP;
  PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;
  FOR item IN SELECT nspname AS name, a.grantee FROM pg_namespace, aclexplode(nspacl) a WHERE nspname = 'public' AND a.grantee <> nspowner LOOP
    EXECUTE format('REVOKE ALL ON SCHEMA public FROM %s CASCADE', CASE WHEN item.grantee = 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END);
  END LOOP;
  FOR item IN SELECT a.grantee, a.privilege_type AS privilege FROM pg_init_privs p, aclexplode(p.initprivs) a, pg_namespace n
      WHERE p.classoid = 'pg_namespace'::regclass AND p.objoid = n.oid AND n.nspname = 'public' AND a.grantee <> n.nspowner LOOP
    EXECUTE format('GRANT %s ON SCHEMA public TO %s', item.privilege, CASE WHEN item.grantee = 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END);
  END LOOP;
  FOR item IN
      SELECT DISTINCT d.defaclrole::regrole::text AS owner, CASE WHEN n.nspname IS NULL THEN '' ELSE format(' IN SCHEMA %I', n.nspname) END AS place, n.nspname IS NULL AS everywhere,
             CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END AS kind,
             CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
        FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a LOOP
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE ALL ON %s FROM %s', item.owner, item.place, item.kind, item.grantee);
    IF item.everywhere THEN
      EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s GRANT ALL ON %s TO %s', item.owner, item.kind, item.owner);
      IF item.kind = 'FUNCTIONS' THEN EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s GRANT EXECUTE ON FUNCTIONS TO PUBLIC', item.owner); END IF;
      IF item.kind = 'TYPES' THEN EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s GRANT USAGE ON TYPES TO PUBLIC', item.owner); END IF;
    END IF;
  END LOOP;
END
$migrate$;
)SQL";

ProgramCall reading(const BackupPlace& place, std::vector<std::string> arguments, const ServerInfo* server) {
  auto call = call_of(place, "pg_restore", server);
  call.arguments = std::move(arguments);
  call.arguments.push_back(place.file.string());
  return call;
}

/// The extensions of the database that the backup does not have, and those that live in a schema that is made anew, as statements that take them away.
std::string drop_new_extensions(Connection& connection, const BackupPlace& place) {
  const auto list = output_of(reading(place, {"-l"}, nullptr));
  std::string sql;
  const auto there = connection.query(R"(SELECT extname, quote_ident(extname), nspname IN ('public', 'pg_catalog') FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
                                         WHERE extname <> 'plpgsql')");
  for (const auto& row : there.rows) {
    if (row[2] != "t" || list.find(" EXTENSION - " + *row[0] + " ") == std::string::npos) sql += "DROP EXTENSION IF EXISTS " + *row[1] + " CASCADE;\n";
  }
  return sql;
}

/// The files of psql's own home would be read otherwise.
ProgramCall psql(const DatabaseUrl& url, const ServerInfo& server, const BackupPlace& place, const SecretFolder& secrets) {
  auto call = call_of(place, "psql", &server);
  call.arguments = {"--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-"};
  connect_by(call, url, secrets);
  return call;
}

}  // namespace

void check_backup(Connection& connection, const ServerInfo& server, const BackupPlace& place) {
  const auto version = connection.query("SELECT version()").rows.at(0).at(0).value_or("");
  if (!version.starts_with("PostgreSQL ") || version.find("-YB-") != std::string::npos) {
    throw Error{ErrorKind::failed, "backups of a server that only speaks PostgreSQL's protocol are left to its own tools: " + version};
  }
  for (const auto* name : {"pg_dump", "pg_restore", "psql"}) (void)call_of(place, name, &server);
}

void backup(const DatabaseUrl& url, Connection& /*connection*/, const ServerInfo& server, const BackupPlace& place) {
  const SecretFolder secrets;
  auto call = call_of(place, "pg_dump", &server);
  call.arguments = {"--format=custom", "--no-password", "--file=" + place.file.string()};
  connect_by(call, url, secrets);
  run_program(call);
}

void check_backup_file(const DatabaseUrl& /*url*/, const BackupPlace& place) {
  std::array<char, 5> start{};
  std::ifstream(place.file, std::ios::binary).read(start.data(), start.size());
  if (std::string(start.data(), start.size()) != "PGDMP") throw Error{ErrorKind::usage, place.file.string() + " is no backup of a PostgreSQL database"};
  // All of it is read: one that ends too soon is refused while nothing is changed.
  run_program(reading(place, {"--file=/dev/null"}, nullptr));
}

void restore(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) {
  const SecretFolder secrets;
  auto client = psql(url, server, place, secrets);
  auto archive = reading(place, {"--file=-"}, &server);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error{ErrorKind::failed, std::string("cannot make a pipe: ") + std::strerror(errno)};
  Descriptor reads(ends[0]);
  Descriptor writes(ends[1]);
  client.input = reads.get();
  archive.output = writes.get();
  RunningProgram loads(client);
  reads.reset();
  // One transaction, and its COMMIT is ours: an archive that breaks off is never taken for the whole.
  const auto opening = "BEGIN;\n" + drop_new_extensions(connection, place) + std::string(empty_sql);
  int code = write_all(writes.get(), opening) == 0 ? 0 : 1;
  std::string errors;
  if (code == 0) {
    RunningProgram unpacks(archive);
    code = unpacks.wait();
    errors = unpacks.errors();
  }
  if (code == 0) code = write_all(writes.get(), "\nCOMMIT;\n") == 0 ? 0 : 1;
  writes.reset();
  const int loaded = loads.wait();
  if (loaded != 0) fail_program(client, loaded, loads.errors());
  if (code != 0) fail_program(archive, code, errors);
}

bool holds_anything(Connection& connection) {
  return !connection.query(R"(SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
                              UNION ALL SELECT 1 FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'public') LIMIT 1)").rows.empty();
}

}  // namespace migrate::postgresql
