#include "rehearse/meter.hpp"

#include "dialect/dialect.hpp"
#include "dialect/keep.hpp"
#include "dialect/sql.hpp"

namespace migrate {

Meter::Meter(Target& copy, Rehearsal& rehearsal) : copy_(copy), rehearsal_(rehearsal),
      watch_(copy.dialect(), [&copy] { return copy.session().another(); }, copy.session().server().capabilities.single_writer, clock_) {}

void Meter::cannot(const std::string& what, const std::string& why) { rehearsal_.notes.push_back(what + ": " + why); }

std::string Meter::shown(const QualifiedName& table) { return table.schema == copy_.session().server().default_schema ? table.name : table.text(); }

void Meter::before_run() {
  files_ = copy_.dialect().measure().table_files(copy_.session().connection());
  std::erase_if(files_, [&](const auto& file) { return copy_.versions().owns(file.first); });
  std::map<QualifiedName, std::string> tables;
  bool blind = !files_.empty();
  for (const auto& [table, file] : files_) {
    tables.emplace(table, shown(table));
    blind = blind && file.id.empty();
  }
  if (blind && !std::exchange(told_files_, true)) cannot("tables that are written anew are not told", "our role may not see which files tables have");
  watch_.know(std::move(tables));
}

void Meter::after_run() {
  watch_.settle();
  clock_.go_on();
  for (; noted_ < rehearsal_.statements.size(); ++noted_) rehearsal_.statements[noted_].locks = watch_.locks_of(noted_);
  if (!watch_.why_not().empty() && !std::exchange(told_locks_, true)) cannot("locks were not seen", watch_.why_not());
}

/// What may have to be the first of its transaction, or says how what follows is done, is left alone.
bool Meter::asks_behind(const Statement& statement) const {
  const auto kind = copy_.dialect().sql().classify(statement);
  return kind != StatementClass::session && kind != StatementClass::transaction;
}

void Meter::step_started(const Step& step, int) {
  clock_.stop();
  rows_.reset();
  // Where counting does not begin with the transaction.
  if (step.statements.empty() || asks_behind(step.statements.front())) rows_ = copy_.dialect().measure().rows_changed(copy_.session().connection());
  clock_.go_on();
}

void Meter::step_done(const Step&, std::chrono::milliseconds) {
  clock_.stop();
  watch_.look(true);
  clock_.go_on();
}

void Meter::statement_sent(const Step& step, int index) {
  clock_.stop();
  log_ = watch_.log_bytes();
  watch_.begin(rehearsal_.statements.size(), step.statements[static_cast<std::size_t>(index)].text);
  sent_ = clock_.now();
  clock_.go_on();
}

void Meter::statement_ended(const Step& step, int index) {
  clock_.stop();
  const auto& statement = step.statements[static_cast<std::size_t>(index)];
  MeasuredStatement measured{step.revision.id, step.direction, statement.location, statement.text, std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - sent_)};
  if (asks_behind(statement)) measure_rows(measured);
  watch_.look(true);
  if (const auto log = watch_.log_bytes(); log && log_) measured.log_bytes = *log - *log_;
  if (asks_behind(statement)) measure_files(measured);
  rehearsal_.statements.push_back(std::move(measured));
  clock_.go_on();
}

void Meter::measure_rows(MeasuredStatement& measured) {
  const auto before = std::exchange(rows_, copy_.dialect().measure().rows_changed(copy_.session().connection()));
  if (!rows_) return;
  const bool goes_on = before && !rows_->since.empty() && before->since == rows_->since;
  if (goes_on) measured.rows = rows_->count - before->count;
  else if (rows_->from_zero) measured.rows = rows_->count;
}

/// A name that was free for a while counts too: a table made anew, filled and put in the place of the old one.
void Meter::measure_files(MeasuredStatement& measured) {
  auto& connection = copy_.session().connection();
  for (auto& [table, file] : copy_.dialect().measure().table_files(connection)) {
    const auto known = files_.find(table);
    if (known == files_.end() || known->second.id == file.id || file.id.empty()) continue;
    if (!file.bytes) file.bytes = std::stoll(connection.query(copy_.dialect().keep().bytes_sql(table)).rows.at(0).at(0).value_or("0"));
    measured.rewrites.push_back({shown(table), file.bytes});
    known->second = file;
  }
}

}  // namespace migrate
