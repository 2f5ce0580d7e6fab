#include "runner/kept_records.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "core/version.hpp"
#include "dialect/keep.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 5> kinds{"table", "rows", "columns", "types", "values"};

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json json_of(const QualifiedName& name) { return Json::array({name.schema, name.name}); }
QualifiedName name_of(const Json& json) { return {json.at(0), json.at(1)}; }

Json details_of(const KeptRecord& record) {
  Json json{{"object", json_of(record.object)}, {"kept", json_of(record.kept)}, {"key", record.key}, {"columns", record.columns}};
  if (!record.types.empty()) json["types"] = record.types;
  if (!record.uniques.empty()) json["uniques"] = record.uniques;
  for (const auto& parent : record.parents) json["parents"].push_back({parent.columns, json_of(parent.table), parent.referenced});
  if (!record.numbers.empty()) json["numbers"] = record.numbers;
  return json;
}

void read_details(const Json& json, KeptRecord& record) {
  record.object = name_of(json.at("object"));
  record.kept = name_of(json.at("kept"));
  record.key = json.at("key").get<std::vector<std::string>>();
  record.columns = json.at("columns").get<std::vector<std::string>>();
  if (json.contains("types")) record.types = json["types"].get<std::map<std::string, std::string>>();
  if (json.contains("uniques")) record.uniques = json["uniques"].get<std::vector<std::vector<std::string>>>();
  if (json.contains("numbers")) record.numbers = json["numbers"].get<std::map<std::string, std::string>>();
  if (json.contains("parents")) {
    for (const auto& parent : json["parents"]) {
      record.parents.push_back({parent.at(0).get<std::vector<std::string>>(), name_of(parent.at(1)), parent.at(2).get<std::vector<std::string>>()});
    }
  }
}

}  // namespace

std::string_view to_text(KeptRecord::Kind kind) { return kinds[static_cast<std::size_t>(kind)]; }

KeptRecord::Kind read_kept_kind(const std::string& text) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] == text) return static_cast<KeptRecord::Kind>(i);
  }
  throw Error{ErrorKind::failed, "the list of what is kept holds a '" + text + "', which this version of migrate does not know", "was it written by a newer one?"};
}

std::string KeptRecord::text(const std::string& default_schema) const {
  const auto table = object.schema == default_schema || object.schema == "main" ? object.name : object.text();
  if (kind == Kind::table || kind == Kind::rows) return table;
  std::string out;
  for (const auto& column : columns) out += (out.empty() ? "" : ", ") + table + "." + column;
  return out;
}

bool has_kept_table(Connection& connection, const Versions& versions) {
  // Where the catalog tells, nothing is left in a server's log of errors.
  const auto exists = versions.dialect().run().table_exists_sql(versions.kept_table());
  if (!exists.empty() && first_column(connection.query(exists)).at(0) != "t") return false;
  try {
    (void)connection.query(versions.kept_probe_sql());
    return true;
  } catch (const DatabaseError& error) {
    if (!versions.dialect().run().is_missing_table(error)) throw;
    return false;
  }
}

std::vector<KeptRecord> read_kept(Connection& connection, const Versions& versions) {
  std::vector<KeptRecord> records;
  const auto result = connection.query("SELECT id, revision, kind, details, state, kept_at, kept_until FROM " + versions.dialect().sql().quote_name(versions.kept_table()) +
                                       " ORDER BY id");
  for (const auto& row : result.rows) {
    const auto field = [&](std::size_t i) { return row.at(i).value_or(""); };
    KeptRecord record{.id = std::atoll(field(0).c_str()), .revision = field(1), .kind = read_kept_kind(field(2))};
    read_details(Json::parse(field(3)), record);
    record.state = field(4) == "left" ? KeptRecord::State::left : KeptRecord::State::kept;
    record.kept_at = field(5);
    record.until = field(6);
    records.push_back(std::move(record));
  }
  return records;
}

std::string insert_kept_sql(const Versions& versions, const KeptRecord& record) {
  const auto& sql = versions.dialect().sql();
  const auto text = [&](const std::string& value) { return sql.quote_value(value); };
  return fmt::format("INSERT INTO {} (id, revision, kind, object, kept_table, details, state, kept_at, kept_until) VALUES ({}, {}, {}, {}, {}, {}, 'kept', {}, {})",
                     sql.quote_name(versions.kept_table()), record.id, text(record.revision), text(std::string(to_text(record.kind))), text(record.object.text()),
                     text(record.kept.name), text(dump(details_of(record))), text(record.kept_at), text(record.until));
}

std::string left_kept_sql(const Versions& versions, const KeptRecord& record) {
  const auto& sql = versions.dialect().sql();
  return fmt::format("UPDATE {} SET state = 'left', kept_table = {}, details = {} WHERE id = {}", sql.quote_name(versions.kept_table()), sql.quote_value(record.kept.name),
                     sql.quote_value(dump(details_of(record))), record.id);
}

std::vector<std::string> forget_kept_sql(const Versions& versions, const KeptRecord& record) {
  const auto& sql = versions.dialect().sql();
  std::vector<std::string> statements{"DROP TABLE IF EXISTS " + sql.quote_name(record.kept)};
  if (auto types = versions.dialect().keep().drop_types_sql(record.kept); !types.empty()) statements.push_back(std::move(types));
  statements.push_back(fmt::format("DELETE FROM {} WHERE id = {}", sql.quote_name(versions.kept_table()), record.id));
  return statements;
}

std::string log_kept_sql(const Versions& versions, const KeptRecord& record, const std::string& action, const std::string& at, const std::string& by) {
  return versions.log_sql({action, record.revision, record.text(""), at, by, 0, tool_version()});
}

std::string write_kept(const std::vector<KeptRecord>& records) {
  auto list = Json::array();
  for (const auto& record : records) {
    auto json = details_of(record);
    json["id"] = record.id;
    json["revision"] = record.revision;
    json["kind"] = to_text(record.kind);
    json["at"] = record.kept_at;
    json["until"] = record.until;
    list.push_back(std::move(json));
  }
  return dump(list);
}

std::vector<KeptRecord> read_kept(const std::string& text) {
  std::vector<KeptRecord> records;
  for (const auto& json : Json::parse(text)) {
    KeptRecord record{.id = json.at("id"), .revision = json.at("revision"), .kind = read_kept_kind(json.at("kind"))};
    read_details(json, record);
    record.kept_at = json.at("at");
    record.until = json.at("until");
    records.push_back(std::move(record));
  }
  return records;
}

std::string time_after(const std::string& time, std::chrono::milliseconds by) {
  std::tm parts{};
  if (::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) == nullptr) return time;
  const auto seconds = ::timegm(&parts) + std::chrono::duration_cast<std::chrono::seconds>(by).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

}  // namespace migrate
