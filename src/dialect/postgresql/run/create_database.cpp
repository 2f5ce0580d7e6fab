#include "dialect/postgresql/run/create_database.hpp"

#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

/// Settings whose value is a list of names: it stands in the catalog as SQL already (GUC_LIST_QUOTE in the server's source).
bool is_list(const std::string& setting) {
  for (const auto* name : {"search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries", "shared_preload_libraries", "unix_socket_directories"}) {
    if (setting == name) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> create_database_sql(Connection& like, const std::string& name) {
  // What the catalog has depends on the version: providers since 15, rules since 16, another name for the locale since 17.
  const auto row = like.query(R"(
    select pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, coalesce(j->>'datlocprovider', 'c'), coalesce(j->>'datlocale', j->>'daticulocale'), j->>'daticurules'
      from pg_catalog.pg_database d, lateral pg_catalog.to_jsonb(d) j
     where d.datname = pg_catalog.current_database())").rows.at(0);
  const auto text = [&](std::size_t i) { return quote_text(row.at(i).value_or("")); };
  // template1 may have been given tables.
  auto create = "CREATE DATABASE " + quote_name(name) + " TEMPLATE template0 ENCODING " + text(0) + " LC_COLLATE " + text(1) + " LC_CTYPE " + text(2);
  if (row.at(3) == "i") create += " LOCALE_PROVIDER icu ICU_LOCALE " + text(4) + (row.at(5) ? " ICU_RULES " + text(5) : "");
  if (row.at(3) == "b") create += " LOCALE_PROVIDER builtin BUILTIN_LOCALE " + text(4);
  std::vector<std::string> sql{create};
  const auto settings = like.query(R"(
    select s.setting from pg_catalog.pg_db_role_setting r, pg_catalog.unnest(r.setconfig) with ordinality s(setting, number)
     where r.setrole = 0 and r.setdatabase = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()) order by s.number)");
  for (const auto& setting : first_column(settings)) {
    const auto equals = setting.find('=');
    const auto key = setting.substr(0, equals);
    const auto value = setting.substr(equals + 1);
    sql.push_back("ALTER DATABASE " + quote_name(name) + " SET " + key + " = " + (is_list(key) && !value.empty() ? value : quote_text(value)));
  }
  return sql;
}

}  // namespace migrate::postgresql
