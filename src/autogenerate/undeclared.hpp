/// What a model does not say and the database keeps.
#pragma once

#include "migrate/schema.hpp"

namespace migrate {

/// Gives the declared views, routines, triggers and definitions those of the options that they do not say from the live object of the same
/// name. What they say as objects have it by themselves (`usual`) is left out where the live one does not differ.
void take_undeclared(const Schema& live, Schema& declared, const Options& usual);

}  // namespace migrate
