#include "tandem/tests/house/size_rules.h"

#include <algorithm>
#include <regex>
#include <set>

namespace tandem::house {

namespace {

// Without what stands between < and >: template arguments hold parentheses that declare nothing.
std::string WithoutTemplateArguments(std::string text) {
  static const std::regex kInnermost("<[^<>]*>");
  for (std::string shorter; (shorter = std::regex_replace(text, kInnermost, "")) != text;) {
    text = shorter;
  }
  return text;
}

// The name of the function that a statement of a class declares; empty if it declares none.
std::string DeclaredFunction(const std::string& statement) {
  static const std::regex kCall(R"(^([^(=]*[\s*&])([A-Za-z_]\w*)\s*\()");
  static const std::regex kOther(
      R"((^|\s)(using|friend|static_assert|enum|struct|class|operator)\b)");
  const std::string text = WithoutTemplateArguments(statement);
  std::smatch match;
  if (!std::regex_search(text, match, kCall) || std::regex_search(text, kOther)) return "";
  return match[2];
}

// Reads the declarations of the body of a class, without what stands in braces within it.
std::size_t CountMethods(std::string_view code, std::size_t begin, const std::string& class_name) {
  std::set<std::string> names;
  std::string statement;
  int depth = 0;
  for (std::size_t i = begin; i < code.size() && depth >= 0; ++i) {
    const char c = code[i];
    if (depth == 0 && (c == ';' || c == '{')) {
      if (const std::string name = DeclaredFunction(statement); !name.empty()) names.insert(name);
      statement.clear();
    } else if (depth == 0 && c == ':' && statement.find('(') == std::string::npos) {
      statement.clear();  // an access specifier, or the start of a qualified name
    } else if (depth == 0) {
      statement += c;
    }
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) statement.clear();
  }
  names.erase(class_name);  // its constructors
  return names.size();
}

bool IsSource(const std::string& path) { return path.ends_with(".h") || path.ends_with(".cc"); }

}  // namespace

std::map<std::string, std::size_t> FilesPerFolder(const std::vector<SourceFile>& files) {
  std::map<std::string, std::size_t> count;
  for (const SourceFile& file : files) {
    if (IsSource(file.path)) ++count[file.path.substr(0, file.path.rfind('/'))];
  }
  return count;
}

std::map<std::string, std::size_t> MethodsPerClass(std::string_view text) {
  static const std::regex kClass(
      R"(\b(class|struct)\s+([A-Za-z_][\w:]*)(\s*<[^;{}]*>)?(\s+final)?\s*(:[^;{}()]*)?\{)");
  const std::string code = CodeOnly(text);
  std::map<std::string, std::size_t> methods;
  for (std::sregex_iterator it(code.begin(), code.end(), kClass), end; it != end; ++it) {
    const auto begin = static_cast<std::size_t>(it->position() + it->length());
    const std::string qualified = (*it)[2];
    const std::string name = qualified.substr(qualified.rfind(':') + 1);
    methods[name] = std::max(methods[name], CountMethods(code, begin, name));
  }
  return methods;
}

}  // namespace tandem::house
