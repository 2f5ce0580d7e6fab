/// Results on standard output, progress and notes on standard error.
#pragma once

#include <string>

#include "migrate/error.hpp"

namespace migrate::cli {

struct Style {
  bool color_out = false;
  bool color_err = false;
  bool quiet = false;
  bool verbose = false;
  bool json = false;
};

class Output {
 public:
  explicit Output(Style style) : style_(style) {}

  [[nodiscard]] const Style& style() const { return style_; }
  [[nodiscard]] bool json() const { return style_.json; }

  void line(const std::string& text = {}) const;         ///< a line of the result
  void text(const std::string& text) const;              ///< part of the result, as it is
  void note(const std::string& text) const;              ///< for people, on standard error; not with --quiet
  void detail(const std::string& text) const;            ///< with --verbose only
  void warn(const std::string& text) const;              ///< always, on standard error
  void error(const Error& error) const;                  ///< message, place, hint; as JSON with --json

  // Emphasis on standard output, where it is a terminal.
  [[nodiscard]] std::string strong(const std::string& text) const { return paint("1", text); }
  [[nodiscard]] std::string good(const std::string& text) const { return paint("32", text); }
  [[nodiscard]] std::string faint(const std::string& text) const { return paint("2", text); }
  [[nodiscard]] std::string bad(const std::string& text) const { return paint("31", text); }

  /// A progress line that the next output replaces; only on a terminal.
  void progress(const std::string& text) const;
  void end_progress() const;

 private:
  [[nodiscard]] std::string paint(const char* code, const std::string& text) const;

  Style style_;
  mutable bool progress_shown_ = false;
};

/// "auto", "always" or "never", NO_COLOR, and what the terminal is.
[[nodiscard]] Style make_style(const std::string& color, bool quiet, bool verbose, bool json);

[[nodiscard]] int exit_code(ErrorKind kind);

/// A path for people: relative where it is inside the working folder.
[[nodiscard]] std::string shown_path(const std::string& path);

}  // namespace migrate::cli
