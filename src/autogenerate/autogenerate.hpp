/// Autogenerate: from a live database and a model to the operations between them, and to the text of a unit.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autogenerate/compare.hpp"
#include "autogenerate/data_answers.hpp"
#include "dialect/connection.hpp"
#include "dialect/catalog.hpp"
#include "dialect/dialect.hpp"
#include "dialect/server.hpp"
#include "dialect/statement.hpp"
#include "migrate/schema.hpp"
#include "operation/operation.hpp"
#include "schema/model.hpp"

namespace migrate {

using ObjectFilter = std::function<bool(std::string_view kind, const QualifiedName& name)>;

/// Two schemas of the same engine and what leads from one to the other.
struct Difference {
  Schema before;                        ///< in canonical form
  Schema after;
  std::vector<PlannedChange> changes;   ///< in an order in which they can run
  ServerInfo server;
  std::vector<ModelRemark> remarks;     ///< about places in the model, for people

  [[nodiscard]] bool empty() const { return changes.empty(); }
};

/// What leads from `live` to `declared`. Where only the engine can say whether two texts are the same, it is asked over
/// `connection`. `declared` is canonicalized here; `live` is a schema as the dialect inspects it.
[[nodiscard]] Difference find_difference(const Dialect& dialect, Connection& connection, const ServerInfo& server, Schema live,
                                         Schema declared, const RenameOptions& renames);

/// What leads from one inspected schema to another; nothing is asked. Without `renames`, what looks like a rename is one.
[[nodiscard]] Difference compare_inspected(const Dialect& dialect, const ServerInfo& server, Schema before, Schema after,
                                           const RenameOptions& renames = {.policy = RenamePolicy::automatic});

/// Looks into the tables for rows that would break a change (a new NOT NULL column, a column that becomes NOT NULL) and
/// makes it the safe steps, or a REVIEW where only a person knows what existing rows should hold and `answers` do not say it.
/// One round trip, and one more where somebody hears of questions. Throws Error (usage) for an answer that cannot be followed, or
/// that nothing came of.
void guard_data(Difference& difference, const Dialect& dialect, Connection& connection, const DataAnswers& answers = {});

/// The way back: each change reversed, last first. A NOT NULL column that comes back gets a neutral value in existing rows.
[[nodiscard]] std::vector<PlannedChange> reverse_changes(const std::vector<PlannedChange>& changes, const Schema& before,
                                                         const Dialect& dialect, const ServerInfo& server);

/// Leaves out the objects for which `filter` is false.
void filter_schema(Schema& schema, const ObjectFilter& filter);

struct UnitText {
  std::string upgrade;
  std::string downgrade;
};

/// A piece of a unit: what makes one or more changes.
struct UnitPart {
  std::vector<std::size_t> changes;   ///< their numbers (PlannedChange::number)
  std::string text;                   ///< as it stands in the unit, with the comments above its statements
  std::vector<Statement> statements;  ///< in the text, here or where parts share one; none where another part does its work too
};

/// A unit in pieces, in order.
struct UnitParts {
  std::vector<UnitPart> upgrade;
  std::vector<UnitPart> downgrade;

  [[nodiscard]] UnitText text() const;
};

/// The SQL of a unit, and which changes each piece of it makes; `apart`: in pieces as small as the statements allow. The text is the same.
[[nodiscard]] UnitParts render_parts(const Difference& difference, const Dialect& dialect, bool apart);

/// The SQL of a unit: statements with notes and REVIEW blocks above them.
[[nodiscard]] UnitText render_unit(const Difference& difference, const Dialect& dialect);

/// The same as calls of the Operations API, for a C++ unit. `declared`: the model as it was read, whose portable words are used.
[[nodiscard]] UnitText render_cpp_unit(const Difference& difference, const Dialect& dialect, const Schema& declared);

/// The statements of the way forward only, without notes.
[[nodiscard]] std::vector<Statement> render_statements(const Difference& difference, const Dialect& dialect);

}  // namespace migrate
