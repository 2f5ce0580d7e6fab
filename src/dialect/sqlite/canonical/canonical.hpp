/// A declared schema in SQLite's own terms.
#pragma once

#include "dialect/server.hpp"

namespace migrate::sqlite {

/// What SQLite cannot have is left out where a portable model may well declare it (extensions, sequences, routines,
/// policies, comments, index methods, included columns), and refused where leaving it out would change what the database
/// accepts or where the model asks for it by SQLite's own section.
void canonicalize(Schema& declared);

}  // namespace migrate::sqlite
