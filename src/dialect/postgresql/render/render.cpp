#include "dialect/postgresql/render/render.hpp"

#include "core/text.hpp"
#include "dialect/postgresql/canonical/follow.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {

Renderer::Renderer(const std::vector<Operation>& operations, Schema before, const ServerInfo& server)
    : operations_(operations), state_(std::move(before)), server_(server) {}

std::vector<Statement> Renderer::run() {
  static_cast<void>(part_ends({}));
  return take();
}

std::vector<std::size_t> Renderer::part_ends(const std::set<std::size_t>& ends) {
  std::vector<std::size_t> counts;
  for (at_ = 0; at_ < operations_.size(); ++at_) {
    std::visit([this](const auto& operation) { render(operation); }, operations_[at_]);
    apply_and_follow(state_, operations_[at_]);
    for (auto& [behind, make] : postponed_) {
      if (behind == at_) make();
    }
    if (!unowned_.empty()) adopt_sequences();
    if (ends.count(at_) == 0) continue;
    flush();
    counts.push_back(statements_.size());
  }
  resume_foreign_keys();
  flush();
  return counts;
}

void Renderer::flush() {
  if (open_ && !actions_.empty()) {
    const auto start = "ALTER TABLE " + quote_name(*open_);
    auto sql = start;
    if (server_.capabilities.constraint_alone && actions_.size() > 1) {
      sql.clear();
      for (const auto& action : actions_) statements_.push_back({start + " " + action, {}});
    } else if (actions_.size() == 1) {
      sql += " " + actions_[0];
    } else {
      for (std::size_t i = 0; i < actions_.size(); ++i) sql += (i == 0 ? "\n  " : ",\n  ") + actions_[i];
    }
    if (!sql.empty()) statements_.push_back({sql, {}});
  }
  for (auto& text : afterwards_) statements_.push_back({std::move(text), {}});
  open_.reset();
  actions_.clear();
  afterwards_.clear();
}

void Renderer::statement(std::string text) {
  flush();
  statements_.push_back({std::move(text), {}});
}

void Renderer::action(const QualifiedName& table, std::string text) {
  if (open_ && *open_ != table) flush();
  open_ = table;
  actions_.push_back(std::move(text));
}

void Renderer::afterwards(const QualifiedName& table, std::string text) {
  if (open_ && *open_ != table) flush();
  if (!open_ || actions_.empty()) {
    statements_.push_back({std::move(text), {}});
  } else {
    afterwards_.push_back(std::move(text));
  }
}

void Renderer::comment(const QualifiedName& table, const std::string& what, const std::string& before, const std::string& after) {
  if (before != after) afterwards(table, "COMMENT ON " + what + " IS " + (after.empty() ? "NULL" : quote_text(after)));
}

void Renderer::give_back(const ObjectId& object, const std::string& name, const std::function<bool(const std::string&)>& has_column) {
  const auto it = state_.rights.given.find(object);
  if (it == state_.rights.given.end()) return;
  for (const auto& given : it->second) {
    if (given.column.empty() || !has_column || has_column(given.column)) statement(replace_all(given.sql, "{}", name));
  }
}

void Renderer::give_back_column(const QualifiedName& table, const std::string& column) {
  const auto it = state_.rights.given.find({.kind = ObjectId::Kind::relation, .name = table, .part = {}});
  if (it == state_.rights.given.end()) return;
  for (const auto& given : it->second) {
    if (given.column == column) statement(replace_all(given.sql, "{}", quote_name(table)));
  }
}

const Table* Renderer::table(const QualifiedName& name) const { return find_named(state_.tables, name); }

std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before, const ServerInfo& server) {
  return Renderer(operations, before, server).run();
}

std::vector<std::vector<Statement>> render_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                 const ServerInfo& server) {
  std::vector<Operation> operations;
  std::set<std::size_t> ends;
  for (const auto& part : parts) {
    operations.insert(operations.end(), part.begin(), part.end());
    ends.insert(operations.size() - 1);  // no part is empty
  }
  Renderer renderer(operations, before, server);
  const auto counts = renderer.part_ends(ends);
  const auto statements = renderer.take();
  std::vector<std::vector<Statement>> out;
  std::size_t from = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto to = i + 1 == parts.size() ? statements.size() : counts[i];  // the end belongs to the last
    out.emplace_back(statements.begin() + static_cast<std::ptrdiff_t>(from), statements.begin() + static_cast<std::ptrdiff_t>(to));
    from = to;
  }
  return out;
}

}  // namespace migrate::postgresql
