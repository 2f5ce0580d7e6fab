/// Results on standard output, progress and notes on standard error; each is written when it is said.
#pragma once

#include <string>
#include <string_view>

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
  explicit Output(Style style);

  [[nodiscard]] const Style& style() const { return style_; }
  [[nodiscard]] bool json() const { return style_.json; }

  void line(const std::string& text = {}) const;         ///< a line of the result
  void text(const std::string& text) const;              ///< part of the result, as it is; a terminal gets it as lines
  void lines(const std::string& text) const;             ///< lines for people, with what moves a terminal's cursor escaped
  void note(const std::string& text) const;              ///< for people, on standard error; not with --quiet
  void detail(const std::string& text) const;            ///< with --verbose only
  void warn(const std::string& text) const;              ///< always, on standard error
  void error(const Error& error) const;                  ///< message, place, hint; as JSON with --json
  void ask(const std::string& question) const;           ///< on standard error, without a line end

  /// A result that goes to the file of -o: "-" and names such as /dev/stdout are standard output. False when it was that,
  /// which then holds nothing but the result.
  bool file(const std::string& name, std::string_view content, bool program = false) const;

  // Emphasis on standard output, where it is a terminal.
  [[nodiscard]] std::string strong(const std::string& text) const { return paint("1", text); }
  [[nodiscard]] std::string good(const std::string& text) const { return paint("32", text); }
  [[nodiscard]] std::string faint(const std::string& text) const { return paint("2", text); }
  [[nodiscard]] std::string bad(const std::string& text) const { return paint("31", text); }

  /// Whether there is a terminal for a progress line.
  [[nodiscard]] bool shows_progress() const;
  /// A progress line that the next output replaces; only on a terminal. It is cut to the terminal's width, `behind` is not.
  void progress(const std::string& text, const std::string& behind = {}) const;
  void end_progress() const;

 private:
  [[nodiscard]] std::string paint(const char* code, const std::string& text) const;

  Style style_;
  bool terminal_ = false;  ///< standard error is one
  mutable bool progress_shown_ = false;
};

/// "auto", "always" or "never", NO_COLOR, and what the terminal is.
[[nodiscard]] Style make_style(const std::string& color, bool quiet, bool verbose, bool json);

[[nodiscard]] int exit_code(ErrorKind kind);

/// Looks whether all that was said could be written, and says so. `code` is the command's own exit code; returns the program's.
[[nodiscard]] int finish_output(int code);

/// "model.yaml:3:5": a place for people.
[[nodiscard]] std::string place_text(const Location& location);

/// A path for people: relative where it is inside the working folder.
[[nodiscard]] std::string shown_path(const std::string& path);

}  // namespace migrate::cli
