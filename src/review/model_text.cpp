// An operation's object before and behind it, in the words of the model file.
#include "core/text.hpp"
#include "review/review.hpp"
#include "schema/model.hpp"

namespace migrate::review {
namespace {

template <class T>
void put(Schema& schema, const T& object) {
  if constexpr (std::is_same_v<T, Extension>) schema.extensions.push_back(object);
  else if constexpr (std::is_same_v<T, EnumType>) schema.enums.push_back(object);
  else if constexpr (std::is_same_v<T, Domain>) schema.domains.push_back(object);
  else if constexpr (std::is_same_v<T, Sequence>) schema.sequences.push_back(object);
  else if constexpr (std::is_same_v<T, Definition>) schema.definitions.push_back(object);
  else if constexpr (std::is_same_v<T, Routine>) schema.routines.push_back(object);
  else if constexpr (std::is_same_v<T, View>) schema.views.push_back(object);
  else schema.tables.push_back(object);
}

template <class T>
void put(Schema& schema, const QualifiedName& table, const T& part) {
  Table owner{.name = table};
  if constexpr (std::is_same_v<T, Column>) owner.columns.push_back(part);
  else if constexpr (std::is_same_v<T, PrimaryKey>) owner.primary_key = part;
  else if constexpr (std::is_same_v<T, Unique>) owner.uniques.push_back(part);
  else if constexpr (std::is_same_v<T, ForeignKey>) owner.foreign_keys.push_back(part);
  else if constexpr (std::is_same_v<T, Check>) owner.checks.push_back(part);
  else if constexpr (std::is_same_v<T, Exclusion>) owner.exclusions.push_back(part);
  else if constexpr (std::is_same_v<T, Index>) owner.indexes.push_back(part);
  else if constexpr (std::is_same_v<T, Trigger>) owner.triggers.push_back(part);
  else owner.policies.push_back(part);
  schema.tables.push_back(std::move(owner));
}

std::string options_text(const Options& options) {
  std::string out;
  for (const auto& [name, value] : options) out += name + ": " + value + "\n";
  return out;
}

struct Side {
  bool before;
  Schema schema = {};
  std::string text = {};

  template <class T>
  void operator()(const Create<T>& op) {
    if (!before) put(schema, op.object);
  }
  template <class T>
  void operator()(const Drop<T>& op) {
    if (before) put(schema, op.object);
  }
  template <class T>
  void operator()(const Alter<T>& op) {
    put(schema, before ? op.before : op.after);
  }
  /// Only what an alteration of a table is about.
  void operator()(const Alter<Table>& op) {
    const auto& table = before ? op.before : op.after;
    put(schema, Table{.name = table.name, .comment = table.comment, .options = table.options});
  }
  template <class T>
  void operator()(const Rename<T>& op) {
    text = (before ? op.from : op.to).text();
  }
  template <class T>
  void operator()(const Add<T>& op) {
    if (!before) put(schema, op.table, op.object);
  }
  template <class T>
  void operator()(const Remove<T>& op) {
    if (before) put(schema, op.table, op.object);
  }
  template <class T>
  void operator()(const Change<T>& op) {
    put(schema, op.table, before ? op.before : op.after);
  }
  template <class T>
  void operator()(const RenamePart<T>& op) {
    text = op.table.text() + "." + (before ? op.from : op.to);
  }
  void operator()(const ReorderColumns& op) { text = join(before ? op.before : op.after, ", "); }
  void operator()(const SetDatabaseOptions& op) { text = options_text(before ? op.before : op.after); }
  void operator()(const CreateSchema& op) {
    if (!before) text = op.name;
  }
  void operator()(const DropSchema& op) {
    if (before) text = op.name;
  }
  void operator()(const SetAccess& op) {
    const auto& side = before ? op.before : op.after;
    if (side.owner) text = "owner: " + *side.owner + "\n";
    for (const auto& grant : side.grants ? *side.grants : std::vector<Grant>{}) {
      text += grant.to + ": " + grant.privilege + (grant.grantable ? " with grant option" : "") + (grant.by.empty() ? "" : " (by " + grant.by + ")") + "\n";
    }
  }
  void operator()(const Sql&) {}
};

}  // namespace

std::string model_text(const Operation& operation, bool before, const std::string& section) {
  Side side{before};
  std::visit(side, operation);
  if (!side.text.empty() || side.schema == Schema{}) return side.text;
  return write_model(side.schema, section);
}

}  // namespace migrate::review
