/// Operations: typed schema changes as values. Each carries what it needs to be undone, so that the reverse of an
/// operation is an operation, and applying one to a Schema value says what the database will look like.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "migrate/schema.hpp"

namespace migrate {

// ---- objects of the database -----------------------------------------------------------------------------------

template <class T>
struct Create {
  T object;
  bool operator==(const Create&) const = default;
};

template <class T>
struct Drop {
  T object;  ///< as it was, whole
  bool operator==(const Drop&) const = default;
};

/// The same object before and after. For a table this is its comment and options only; for a view, routine, trigger
/// or definition its new definition.
template <class T>
struct Alter {
  T before;
  T after;
  bool operator==(const Alter&) const = default;
};

template <class T>
struct Rename {
  QualifiedName from;
  QualifiedName to;
  std::string arguments;   ///< routine: its identity
  std::string kind;        ///< definition: its kind; view: "materialized" or ""; routine: "function" or "procedure"
  bool operator==(const Rename&) const = default;
};

// ---- parts of a table ------------------------------------------------------------------------------------------

template <class T>
struct Add {
  QualifiedName table;
  T object;
  /// Column: the name of the column it stands behind, "" for the first; unset puts it last.
  std::optional<std::string> after = std::nullopt;
  bool operator==(const Add&) const = default;
};

template <class T>
struct Remove {
  QualifiedName table;
  T object;
  std::optional<std::string> after = std::nullopt;  ///< column: where it stood, for the reverse
  bool operator==(const Remove&) const = default;
};

/// The same part before and after; the names are equal (a rename is an operation of its own).
template <class T>
struct Change {
  QualifiedName table;
  T before;
  T after;
  bool operator==(const Change&) const = default;
};

template <class T>
struct RenamePart {
  QualifiedName table;
  std::string from;
  std::string to;
  bool operator==(const RenamePart&) const = default;
};

// ---- the rest --------------------------------------------------------------------------------------------------

struct CreateSchema {
  std::string name;
  bool operator==(const CreateSchema&) const = default;
};

struct DropSchema {
  std::string name;
  bool operator==(const DropSchema&) const = default;
};

/// Puts the columns of a table into another order.
struct ReorderColumns {
  QualifiedName table;
  std::vector<std::string> before;
  std::vector<std::string> after;
  bool operator==(const ReorderColumns&) const = default;
};

/// Options of the database itself (MySQL: charset, collation).
struct SetDatabaseOptions {
  Options before;
  Options after;
  bool operator==(const SetDatabaseOptions&) const = default;
};

/// Owner and privileges of one object. Both sides say the same things: what one leaves open the other does too.
struct SetAccess {
  AccessPlace on;
  Access before;
  Access after;
  bool fresh = false;  ///< the object is made by the same list: on the way back it goes, and need not lose its privileges first
  bool operator==(const SetAccess&) const = default;
};

/// SQL as somebody wrote it, and what undoes it ("" when nothing does).
struct Sql {
  std::string text;
  std::string reverse;
  bool operator==(const Sql&) const = default;
};

using CreateTable = Create<Table>;
using DropTable = Drop<Table>;
using AlterTable = Alter<Table>;
using RenameTable = Rename<Table>;
using AddColumn = Add<Column>;
using DropColumn = Remove<Column>;
using AlterColumn = Change<Column>;
using RenameColumn = RenamePart<Column>;
using CreateIndex = Add<Index>;
using DropIndex = Remove<Index>;
using AlterIndex = Change<Index>;
using RenameIndex = RenamePart<Index>;

using AnyOperation = std::variant<
    CreateSchema, DropSchema, SetDatabaseOptions, SetAccess, Sql,
    Create<Extension>, Drop<Extension>, Alter<Extension>,
    Create<EnumType>, Drop<EnumType>, Alter<EnumType>, Rename<EnumType>,
    Create<Domain>, Drop<Domain>, Alter<Domain>, Rename<Domain>,
    Create<Sequence>, Drop<Sequence>, Alter<Sequence>, Rename<Sequence>,
    Create<Definition>, Drop<Definition>, Alter<Definition>, Rename<Definition>,
    Create<Routine>, Drop<Routine>, Alter<Routine>, Rename<Routine>,
    Create<View>, Drop<View>, Alter<View>, Rename<View>,
    Create<Table>, Drop<Table>, Alter<Table>, Rename<Table>,
    Add<Column>, Remove<Column>, Change<Column>, RenamePart<Column>, ReorderColumns,
    Add<PrimaryKey>, Remove<PrimaryKey>, Change<PrimaryKey>, RenamePart<PrimaryKey>,
    Add<Unique>, Remove<Unique>, Change<Unique>, RenamePart<Unique>,
    Add<ForeignKey>, Remove<ForeignKey>, Change<ForeignKey>, RenamePart<ForeignKey>,
    Add<Check>, Remove<Check>, Change<Check>, RenamePart<Check>,
    Add<Exclusion>, Remove<Exclusion>, Change<Exclusion>, RenamePart<Exclusion>,
    Add<Index>, Remove<Index>, Change<Index>, RenamePart<Index>,
    Add<Trigger>, Remove<Trigger>, Change<Trigger>, RenamePart<Trigger>,
    Add<Policy>, Remove<Policy>, Change<Policy>, RenamePart<Policy>>;

/// CreateTable makes the columns, constraints, indexes and comments of its table; triggers and policies are operations
/// of their own. DropTable takes all of it away. Create<View> makes the indexes of a materialized view too.
/// Its special members are compiled once: those of a variant this wide cost seconds wherever they are used.
struct Operation : AnyOperation {
  using AnyOperation::AnyOperation;
  Operation();
  Operation(const Operation& other);
  Operation(Operation&& other) noexcept;
  Operation& operator=(const Operation& other);
  Operation& operator=(Operation&& other) noexcept;
  ~Operation();
};
[[nodiscard]] bool operator==(const Operation& a, const Operation& b);

/// What undoes the operation, exactly as far as definitions go (rows that a drop destroyed do not come back).
[[nodiscard]] Operation reverse(const Operation& operation);

/// The operations that undo a list: each reversed, last first.
[[nodiscard]] std::vector<Operation> reverse(const std::vector<Operation>& operations);

/// Makes the change in a schema value. An operation on something that is not there throws std::logic_error.
void apply(Schema& schema, const Operation& operation);

/// The table (or view, for parts of views) that an operation on a part or on a table works on; null for the others.
[[nodiscard]] const QualifiedName* table_of(const Operation& operation);

/// One line for people: "add column users.mail varchar(255) not null".
[[nodiscard]] std::string describe(const Operation& operation);

/// Helper for std::visit.
template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

}  // namespace migrate
