// migrate review: what will change, as a page
#include <nlohmann/json.hpp>

#include "cli/review_maker.hpp"
#include "core/text.hpp"

namespace migrate::cli {

int run_review(Context& context) {
  const auto& arguments = context.arguments;
  if (arguments.has("port") && !arguments.has("serve")) throw Error{ErrorKind::usage, "--port is of --serve"};
  if (arguments.has("output") && arguments.has("serve")) throw Error{ErrorKind::usage, "a page is served or written to a file", "leave out --serve or --output"};
  if (arguments.has("plan") && (arguments.has("serve") || !arguments.positional.empty())) throw Error{ErrorKind::usage, "a plan says itself what it is about, and takes no answers", "migrate review --plan FILE [-o page.html]"};
  ReviewMaker maker(context, arguments.has("samples") || arguments.has("serve"));
  auto answers = given_answers(context);
  if (arguments.has("serve")) return serve_review(context, maker, std::move(answers));
  const auto review = maker.make(answers);
  const auto file = arguments.get("output", "review.html");
  if (!context.output.file(file, review_html(review))) return 0;
  if (context.output.json()) {
    context.output.line(nlohmann::ordered_json({{"page", file}, {"changes", review.changes.size()}, {"units", review.units.size()}, {"questions", count_questions(review)}}).dump());
  } else {
    const auto questions = count_questions(review);
    context.output.line("wrote " + file + ": " + (review.units.empty() ? plural(review.changes.size(), "change") : plural(review.units.size(), "unit")) +
                        (questions == 0 ? "" : ", " + plural(questions, "open question")));
  }
  return 0;
}

}  // namespace migrate::cli
