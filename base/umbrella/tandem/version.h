#pragma once

// The version of these headers, by Semantic Versioning (https://semver.org). While MAJOR is 0, each
// MINOR may change the interface. CMakeLists.txt reads the numbers here.

#define TANDEM_VERSION_MAJOR 0
#define TANDEM_VERSION_MINOR 1
#define TANDEM_VERSION_PATCH 0

#define TANDEM_VERSION_TEXT_OF(number) #number
#define TANDEM_VERSION_TEXT(major, minor, patch) \
  TANDEM_VERSION_TEXT_OF(major)                  \
  "." TANDEM_VERSION_TEXT_OF(minor) "." TANDEM_VERSION_TEXT_OF(patch)

// "0.1.0"
#define TANDEM_VERSION \
  TANDEM_VERSION_TEXT(TANDEM_VERSION_MAJOR, TANDEM_VERSION_MINOR, TANDEM_VERSION_PATCH)
