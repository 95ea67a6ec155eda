#pragma once

// Below the runtime nobody knows what the stores are used for: none of its words occurs there,
// neither in code nor in comments, neither alone nor as a part of a name (docs/glossary.md).

#include <string>
#include <string_view>
#include <vector>

#include "tandem/tests/house/source_text.h"

namespace tandem::house {

// The words that a text consists of, in lower case: names are split at underscores and capitals.
struct Word {
  std::string text;
  std::size_t offset = 0;
};
std::vector<Word> Words(std::string_view text);

Findings CheckVocabulary(const SourceFile& file);

}  // namespace tandem::house
