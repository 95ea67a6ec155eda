#include "tandem/tools/check_coroutines/coroutine_rules.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace tandem::tools {
namespace {

struct Token {
  std::string text;
  std::size_t offset = 0;
};

bool IsNameCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Names and numbers, "->" and "::", and single characters. Lines of the preprocessor are left out.
std::vector<Token> Tokenize(std::string_view code) {
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < code.size();) {
    std::size_t end = at + 1;
    if (code[at] == '#') {
      at = std::min(code.find('\n', at), code.size());
      continue;
    }
    if (IsNameCharacter(code[at])) {
      while (end < code.size() && IsNameCharacter(code[end])) ++end;
    } else if (code.substr(at).starts_with("->") || code.substr(at).starts_with("::")) {
      end = at + 2;
    }
    if (std::isspace(static_cast<unsigned char>(code[at])) == 0) {
      tokens.push_back({std::string(code.substr(at, end - at)), at});
    }
    at = end;
  }
  return tokens;
}

// The tokens of one statement so far; what was inside the braces of a lambda is left out.
using Statement = std::vector<Token>;

bool IsWord(const std::string& text) { return IsNameCharacter(text.front()); }

bool IsKeywordBeforeValue(const std::string& text) {
  return text == "return" || text == "co_return" || text == "co_await" || text == "co_yield";
}

// Whether statement[i] is the "[" of a lambda, not of a subscript or an attribute.
bool IsLambdaAt(const Statement& statement, std::size_t i) {
  if (statement[i].text != "[") return false;
  if (i + 1 < statement.size() && statement[i + 1].text == "[") return false;
  if (i == 0) return true;
  const std::string& before = statement[i - 1].text;
  if (before == "[" || before == ")" || before == "]" || before == "auto" || before == "&") {
    // `auto [a, b]` and `auto& [a, b]` bind; `f(&[...]` does not occur.
    return false;
  }
  return !IsWord(before) || IsKeywordBeforeValue(before);
}

bool HasLambda(const Statement& statement) {
  for (std::size_t i = 0; i < statement.size(); ++i) {
    if (IsLambdaAt(statement, i)) return true;
  }
  return false;
}

// `operator co_await` is a name, and awaits nothing.
bool Awaits(const Statement& statement) {
  for (std::size_t i = 0; i < statement.size(); ++i) {
    const bool awaits = statement[i].text == "co_await" || statement[i].text == "co_yield";
    if (awaits && (i == 0 || statement[i - 1].text != "operator")) return true;
  }
  return false;
}

// Whether a "{" after `statement` opens a block (of a function, a class, an if, a lambda...) and
// not a braced list.
bool OpensBlock(const Statement& statement) {
  if (statement.empty()) return true;
  static const std::vector<std::string> kScopes = {"namespace", "class",  "struct", "union",
                                                   "enum",      "extern", "concept"};
  static const std::vector<std::string> kBefore = {
      ")", "else", "do", "try", "const", "noexcept", "override", "final", "&", "mutable", "]", ":"};
  const std::string& last = statement.back().text;
  // `template <class T> class C {`, `export struct`, `[[nodiscard]] class`: no ( before the scope.
  for (const Token& token : statement) {
    if (token.text == "(" || token.text == "=") break;
    if (std::ranges::find(kScopes, token.text) != kScopes.end()) return true;
  }
  if (std::ranges::find(kBefore, last) != kBefore.end()) return true;
  // A trailing return type: `) -> Task<int> {`. A member access `p->x{` does not follow a ")" that
  // closes parameters; those that do (`f()->x{`) are no C++.
  for (std::size_t i = statement.size(); i-- > 1;) {
    const std::string& text = statement[i].text;
    if (text == "->") return statement[i - 1].text == ")" || statement[i - 1].text == "mutable";
    if (!IsWord(text) && text != "::" && text != "<" && text != ">" && text != ",") break;
  }
  return false;
}

class Checker {
 public:
  explicit Checker(const SourceFile& file) : file_(file), code_(CodeOnly(file.text)) {}

  Findings Run() {
    for (const Token& token : Tokenize(code_)) Take(token);
    End();
    return std::move(findings_);
  }

 private:
  struct Brace {
    bool block;
    bool ends_statement;  // its "}" ends the statement that it is part of
    Statement outer;      // of a block: the statement that goes on after it
  };

  void Take(const Token& token) {
    if (token.text == "{") {
      Open(token);
    } else if (token.text == "}") {
      Close();
    } else if (token.text == ";" && parentheses_ == 0) {
      End();
    } else {
      if (token.text == "(") ++parentheses_;
      if (token.text == ")" && parentheses_ > 0) --parentheses_;
      statement_.push_back(token);
    }
  }

  void Open(const Token& token) {
    const bool block = OpensBlock(statement_);
    if (!block) {
      statement_.push_back(token);
      braces_.push_back({false, false, {}});
      return;
    }
    const bool lambda = HasLambda(statement_);
    if (!lambda) Check(statement_);  // the head of an if, a for, a function
    outer_parentheses_.push_back(std::exchange(parentheses_, 0));
    braces_.push_back({true, !lambda, std::exchange(statement_, {})});
  }

  void Close() {
    if (braces_.empty()) return;
    Brace brace = std::move(braces_.back());
    braces_.pop_back();
    if (!brace.block) return;
    End();
    parentheses_ = outer_parentheses_.back();
    outer_parentheses_.pop_back();
    if (!brace.ends_statement) statement_ = std::move(brace.outer);
  }

  void End() {
    Check(statement_);
    statement_.clear();
  }

  void Check(const Statement& statement) {
    if (!Awaits(statement) || IsExempt(statement)) return;
    for (std::size_t i = 0; i < statement.size(); ++i) {
      if (statement[i].text == "{") Flag(statement[i], "a braced list");
      if (statement[i].text == "?") Flag(statement[i], "`?:`");
      if (IsLambdaAt(statement, i) && i + 1 < statement.size() && statement[i + 1].text != "]") {
        Flag(statement[i], "a lambda that captures");
      }
    }
  }

  bool IsExempt(const Statement& statement) const {
    const std::size_t first = LineOf(code_, statement.front().offset);
    const std::size_t last = LineOf(code_, statement.back().offset);
    const std::vector<std::string_view> lines = Lines(file_.text);
    for (std::size_t line = first; line <= last; ++line) {
      if (lines[line - 1].find(kCoroutineExemption) != std::string_view::npos) return true;
    }
    return false;
  }

  void Flag(const Token& token, const std::string& what) {
    findings_.push_back(
        {file_.path, LineOf(code_, token.offset), what + " in one statement with co_await"});
  }

  const SourceFile& file_;
  const std::string code_;
  Statement statement_;
  std::vector<Brace> braces_;
  std::size_t parentheses_ = 0;
  std::vector<std::size_t> outer_parentheses_;  // of the statements around, one per block
  Findings findings_;
};

}  // namespace

Findings CheckCoroutines(const SourceFile& file) { return Checker(file).Run(); }

}  // namespace tandem::tools
