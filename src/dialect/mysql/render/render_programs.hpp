/// Programs and other objects beside tables to SQL: views, routines, events, sequences, triggers. What keeps by whom and in what session it
/// was made is made in such a session, and only by one who may.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dialect/mysql/sql/context.hpp"
#include "dialect/statement.hpp"
#include "migrate/schema.hpp"
#include "operation/operation.hpp"

namespace migrate::mysql {

class ProgramRenderer {
 protected:
  ProgramRenderer(Schema state, Context context, bool names_definers) : state_(std::move(state)), context_(std::move(context)), names_definers_(names_definers) {}

  /// The server leaves privileges with a name: those on a relation, and on its columns, go to its next name.
  void move_rights(const QualifiedName& from, const QualifiedName& to);
  void add(std::string text) { statements_.push_back({std::move(text), {}}); }
  /// Statements that make an object, in the session that it wants.
  void in_session_of(const Options& options, std::vector<std::string> statements);
  /// Who loses a privilege on a table loses it on its columns too: those that were given it get it again.
  void render(const SetAccess& op);
  void render(const Create<View>& op);
  void render(const Drop<View>& op);
  void render(const Alter<View>& op);
  void render(const Rename<View>& op);
  void render(const Create<Routine>& op);
  void render(const Drop<Routine>& op);
  void render(const Alter<Routine>& op);
  void render(const Rename<Routine>& op);
  void render(const Create<Definition>& op);
  void render(const Drop<Definition>& op);
  void render(const Alter<Definition>& op);
  /// ALTER EVENT gives an event the definer, the mode and the time zone of the session that it runs in.
  void render(const Rename<Definition>& op);
  void render(const Create<Sequence>& op);
  void render(const Drop<Sequence>& op);
  void render(const Alter<Sequence>& op);
  void render(const Rename<Sequence>& op);
  void render(const Add<Trigger>& op);
  void render(const Remove<Trigger>& op);
  void render(const Change<Trigger>& op);
  void render(const RenamePart<Trigger>& op);

  Schema state_;  ///< as it is behind the statements so far
  Context context_;
  std::vector<Statement> statements_;
  std::vector<std::size_t> counts_;  ///< of statements, at the end of each part

 private:
  /// Something is made again in the place of another: nobody but the one who may do so gives it its definer back.
  void check_definer(const std::string& what, const Options& options, const std::string& create) const;
  /// What a routine that was dropped on the way had been granted, to the one of that name.
  void give_back(const Routine& routine, const QualifiedName& to);
  /// MariaDB replaces in one statement, so that grants stay and nobody misses the routine in between.
  void replace(const std::string& what, const std::string& drop, const std::string& create, const Options& options);

  std::set<QualifiedName> named_back_;  ///< views that get their name back, and what was granted on it
  bool names_definers_;  ///< this user may make things for others
  std::size_t left_session_ = 0;  ///< statements behind the last change of the session back
  std::string session_before_;    ///< and the change
};

}  // namespace migrate::mysql
