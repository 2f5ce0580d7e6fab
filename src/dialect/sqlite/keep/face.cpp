#include "dialect/sqlite/keep/face.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/sql/parsed.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {
namespace {

/// The CREATE TABLE without its foreign keys, under another name: a table that is put aside must not be in the way of what it referred
/// to. Columns and other keys stay, so that what is stored is what the text says (manual, lang_altertable.html, section 8). Nothing when
/// a key cannot be cut out.
std::optional<std::string> without_foreign_keys(const std::string& create, const std::string& name) {
  const parsed::Rules rules{&lexical_rules(), false};
  const auto before = parsed::parse(create, rules);
  auto text = create;
  std::vector<parsed::Range> cuts;
  for (const auto& constraint : before.constraints) {
    if (constraint.kind != parsed::Constraint::Kind::foreign_key) continue;
    auto range = constraint.range;
    if (range.empty()) return std::nullopt;
    if (!constraint.of_column) {
      const auto comma = text.find_last_not_of(" \t\r\n", range.begin - 1);
      if (comma == std::string::npos || text[comma] != ',') return std::nullopt;
      range.begin = comma;
    }
    cuts.push_back(range);
  }
  std::sort(cuts.begin(), cuts.end(), [](const auto& a, const auto& b) { return a.begin > b.begin; });
  for (const auto& cut : cuts) text.replace(cut.begin, cut.end - cut.begin, " ");
  const auto tokens = tokenize(text, lexical_rules());
  const auto at = std::find_if(tokens.begin(), tokens.end(), [](const Token& token) { return token.is("TABLE"); });
  if (at == tokens.end() || at + 1 == tokens.end()) return std::nullopt;
  text.replace((at + 1)->offset, (at + 1)->text.size(), quote_name(name));
  const auto after = parsed::parse(text, rules);
  const bool others = std::any_of(after.constraints.begin(), after.constraints.end(), [](const auto& one) { return one.kind == parsed::Constraint::Kind::foreign_key; });
  const bool same = after.columns.size() == before.columns.size() && after.constraints.size() + cuts.size() == before.constraints.size();
  return others || !same ? std::nullopt : std::optional(text);
}

class SqliteKeep final : public KeepFace {
 public:
  [[nodiscard]] SetAside set_aside(Connection& connection, const ServerInfo& /*server*/, const DroppedTable& dropped) const override {
    const auto& table = *dropped.table;
    const auto name = table.name.name;
    if (dropped.together.size() > 1) return {};
    const auto value = [&](const std::string& sql) {
      const auto result = connection.query(sql);
      return result.rows.empty() ? std::string() : result.rows[0].at(0).value_or("");
    };
    const auto create = value("SELECT sql FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(" + quote_text(name) + ")");
    if (create.empty() || starts_with_ignoring_case(create, "CREATE VIRTUAL")) return {};
    // DROP TABLE deletes the rows first, which keys that are enforced may refuse or pass on.
    const auto children = connection.query("SELECT 1 FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND lower(f.\"table\") = lower(" +
                                           quote_text(name) + ") AND lower(m.name) <> lower(" + quote_text(name) + ") LIMIT 1");
    if (!children.rows.empty() && value("PRAGMA foreign_keys") == "1") return {};
    SetAside aside{.way = SetAside::Way::rename, .statements = {}};
    auto& sql = aside.statements;
    for (const auto& row : connection.query("SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'index') AND sql IS NOT NULL AND lower(tbl_name) = lower(" +
                                            quote_text(name) + ") ORDER BY type DESC, name").rows) {
      sql.push_back(fmt::format("DROP {} {}", upper(row.at(0).value_or("")), quote_name(row.at(1).value_or(""))));
    }
    // Without the old way, triggers and views would follow the name.
    const bool legacy = value("PRAGMA legacy_alter_table") == "1";
    if (!legacy) sql.emplace_back("PRAGMA legacy_alter_table = ON");
    sql.push_back("ALTER TABLE " + quote_name(name) + " RENAME TO " + quote_name(dropped.kept.name));
    if (!legacy) sql.emplace_back("PRAGMA legacy_alter_table = OFF");
    if (!table.foreign_keys.empty()) {
      const auto text = without_foreign_keys(create, dropped.kept.name);
      if (!text) return {};
      const auto version = std::atoll(value("PRAGMA schema_version").c_str());
      sql.emplace_back("PRAGMA writable_schema = ON");
      sql.push_back("UPDATE sqlite_schema SET sql = " + quote_text(*text) + " WHERE type = 'table' AND name = " + quote_text(dropped.kept.name));
      // Other connections, and this one, read the schema again.
      sql.push_back(fmt::format("PRAGMA schema_version = {}", version + 1000));
      sql.emplace_back("PRAGMA writable_schema = OFF");
    }
    return aside;
  }

  [[nodiscard]] bool keys_act(Connection& connection) const override { return connection.query("PRAGMA foreign_keys").rows.at(0).at(0) == "1"; }

  [[nodiscard]] std::string same_sql(const std::string& a, const std::string& b) const override {
    return fmt::format("CAST({} AS TEXT) IS CAST({} AS TEXT)", a, b);
  }

  [[nodiscard]] std::string put_back_sql(const QualifiedName& table, const QualifiedName& kept, const std::vector<Assignment>& assignments,
                                         const std::vector<std::string>& key, const std::string& condition) const override {
    return update_from_sql(quote_name(table.name), quote_name(kept.name), assignments, key, condition, [](const std::string& column) { return quote_name(column); });
  }

  [[nodiscard]] std::string bytes_sql(const QualifiedName& table) const override {
    return "SELECT COALESCE(SUM(pgsize), 0) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = " + quote_text(table.name) + ")";
  }
};

}  // namespace

const KeepFace& keep_face() {
  static const SqliteKeep instance;
  return instance;
}

}  // namespace migrate::sqlite
