#include "dialect/postgresql/render.hpp"

#include "core/text.hpp"
#include "dialect/postgresql/follow.hpp"
#include "dialect/postgresql/names.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {

Renderer::Renderer(const std::vector<Operation>& operations, Schema before, const ServerInfo& server)
    : operations_(operations), state_(std::move(before)), server_(server) {}

std::vector<Statement> Renderer::run() {
  for (at_ = 0; at_ < operations_.size(); ++at_) {
    std::visit([this](const auto& operation) { render(operation); }, operations_[at_]);
    apply_and_follow(state_, operations_[at_]);
    for (auto& [behind, make] : postponed_) {
      if (behind == at_) make();
    }
    if (!unowned_.empty()) adopt_sequences();
  }
  resume_foreign_keys();
  flush();
  return std::move(statements_);
}

void Renderer::flush() {
  if (open_ && !actions_.empty()) {
    std::string sql = "ALTER TABLE " + quote_name(*open_);
    if (actions_.size() == 1) {
      sql += " " + actions_[0];
    } else {
      for (std::size_t i = 0; i < actions_.size(); ++i) sql += (i == 0 ? "\n  " : ",\n  ") + actions_[i];
    }
    statements_.push_back({sql, {}});
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

const Table* Renderer::table(const QualifiedName& name) const { return find_named(state_.tables, name); }

std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before, const ServerInfo& server) {
  return Renderer(operations, before, server).run();
}

}  // namespace migrate::postgresql
