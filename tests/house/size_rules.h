#pragma once

// How large a folder and a class may be (docs/style.md): what is larger has more than one subject.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/tests/house/source_text.h"

namespace tandem::house {

constexpr std::size_t kFolderFilesMax = 40;   // headers and sources together
constexpr std::size_t kClassMethodsMax = 30;  // overloads of a name are one

// How many headers and sources each folder has.
std::map<std::string, std::size_t> FilesPerFolder(const std::vector<SourceFile>& files);

// The methods that each class of a text declares, private ones included; not constructors,
// destructors and operators.
std::map<std::string, std::size_t> MethodsPerClass(std::string_view text);

}  // namespace tandem::house
