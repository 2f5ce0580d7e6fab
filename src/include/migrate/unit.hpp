/// What a C++ unit includes (docs/cpp-units.md).
///
///     // revision: 0007-9f3c21
///     // parents: 0006-77aa10
///     // message: rename users.email to mail
///
///     #include <migrate/unit.hpp>
///
///     void upgrade(migrate::Operations& op) { op.rename_column("users", "email", "mail"); }
///     void downgrade(migrate::Operations& op) { op.rename_column("users", "mail", "email"); }
///
///     MIGRATE_UNIT(upgrade, downgrade)
#pragma once

#include "migrate/operations.hpp"

namespace migrate {

/// What a compiled unit and the program that loads it must have in common.
struct UnitAbi {
  unsigned version;       ///< counts changes of these headers that sizes do not show
  unsigned long layout;   ///< from the sizes of the types that both sides use
  const char* library;    ///< the standard library
};

[[nodiscard]] constexpr UnitAbi unit_abi() {
  unsigned long layout = 0;
  for (const unsigned long size : {sizeof(std::string), sizeof(Operations), sizeof(Table), sizeof(Column), sizeof(Index), sizeof(ForeignKey), sizeof(Schema),
                                   sizeof(TableDefinition), sizeof(ColumnDefinition), sizeof(ColumnChange), sizeof(IndexDefinition), sizeof(ForeignKeyDefinition),
                                   sizeof(Scalar), sizeof(SqlText), sizeof(Rows), sizeof(Batches), sizeof(SplitColumn), sizeof(SplitTable), sizeof(KeyChange),
                                   sizeof(Capabilities), sizeof(Error)}) {
    layout = layout * 31 + size;
  }
#if defined(_LIBCPP_VERSION)
  return {1, layout, "libc++"};
#elif defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
  return {1, layout, "libstdc++ with the old std::string"};
#else
  return {1, layout, "libstdc++"};
#endif
}

using UnitFunction = void (*)(Operations& op);

/// In place of a downgrade: the revision cannot be undone.
inline constexpr UnitFunction irreversible = nullptr;

/// What a unit exports.
struct UnitEntry {
  UnitAbi abi;
  UnitFunction upgrade;
  UnitFunction downgrade;
};

}  // namespace migrate

// A program that embeds its units (migrate_embed) links many into one: there each has names of its own.
#ifdef MIGRATE_UNIT_NAME
#define MIGRATE_UNIT_JOIN_(a, b) a##b
#define MIGRATE_UNIT_JOIN(a, b) MIGRATE_UNIT_JOIN_(a, b)
#define MIGRATE_UNIT_SYMBOL MIGRATE_UNIT_JOIN(migrate_unit_, MIGRATE_UNIT_NAME)
#define upgrade MIGRATE_UNIT_JOIN(upgrade_, MIGRATE_UNIT_NAME)
#define downgrade MIGRATE_UNIT_JOIN(downgrade_, MIGRATE_UNIT_NAME)
#else
#define MIGRATE_UNIT_SYMBOL migrate_unit
#endif

/// Names the unit's two functions; stands once in a unit.
#define MIGRATE_UNIT(up, down)                                                       \
  extern "C" {                                                                       \
  __attribute__((visibility("default"))) extern const migrate::UnitEntry MIGRATE_UNIT_SYMBOL; \
  const migrate::UnitEntry MIGRATE_UNIT_SYMBOL{migrate::unit_abi(), up, down};       \
  }
