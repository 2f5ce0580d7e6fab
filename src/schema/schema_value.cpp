#include "migrate/schema.hpp"

namespace migrate {

// Compiled once: comparing a table member by member costs wherever it is inlined.
bool Default::operator==(const Default&) const = default;
bool SequenceOptions::operator==(const SequenceOptions&) const = default;
bool Identity::operator==(const Identity&) const = default;
bool Generated::operator==(const Generated&) const = default;
bool Column::operator==(const Column&) const = default;
bool IndexPart::operator==(const IndexPart&) const = default;
bool PrimaryKey::operator==(const PrimaryKey&) const = default;
bool Unique::operator==(const Unique&) const = default;
bool ForeignKey::operator==(const ForeignKey&) const = default;
bool Check::operator==(const Check&) const = default;
bool Exclusion::operator==(const Exclusion&) const = default;
bool Index::operator==(const Index&) const = default;
bool Trigger::operator==(const Trigger&) const = default;
bool Policy::operator==(const Policy&) const = default;
bool Table::operator==(const Table&) const = default;
bool View::operator==(const View&) const = default;
bool Routine::operator==(const Routine&) const = default;
bool EnumType::operator==(const EnumType&) const = default;
bool Domain::operator==(const Domain&) const = default;
bool Sequence::operator==(const Sequence&) const = default;
bool Extension::operator==(const Extension&) const = default;
bool Definition::operator==(const Definition&) const = default;
bool Schema::operator==(const Schema&) const = default;

}  // namespace migrate
