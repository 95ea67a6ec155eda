#!/usr/bin/env bash
# The package as its users meet it: package_test.sh <case>, started by ctest.
#
# The case `install` fills $PREFIX, which the others need. Consumers are built outside of the source
# tree and against a copy of the installed tree that stands elsewhere, so they can't lean on either.
# The environment (CMakeLists.txt): SOURCE, BUILD, PREFIX, COMPONENTS, CMAKE, CPACK, and the compiler
# with the flags of the libraries in CXX, CXXFLAGS, LDFLAGS and CMAKE_CXX_COMPILER_LAUNCHER, where
# CMake looks for them too.
set -euo pipefail
: "${SOURCE:?}" "${BUILD:?}" "${PREFIX:?}" "${CMAKE:?}" "${CPACK:?}" "${CXX:?}"

work=$(mktemp -d "${TMPDIR:-/tmp}/tandem_package.XXXXXX")
trap 'rm -rf "$work"' EXIT
export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1 # what another run has compiled is found again

fail() {
  printf 'package_test: %s\n' "$*" >&2
  exit 1
}

expect_equal() { # <what> <expected> <actual>
  [[ $2 == "$3" ]] || fail "$1: expected '$2', got '$3'"
}

expect_no_rocksdb() { # <program>
  if readelf --dynamic "$1" | grep -q 'NEEDED.*librocksdb'; then
    fail "$1 needs RocksDB, and uses none of it"
  fi
}

use_modules_of() { # <prefix>; for pkg-config
  local file
  file=$(find "$1" -name tandem.pc)
  [[ -f $file ]] || fail "no single tandem.pc below $1"
  export PKG_CONFIG_PATH=${file%/*}
}

install_tree() {
  rm -rf "$PREFIX"
  "$CMAKE" --install "$BUILD" --prefix "$PREFIX" >/dev/null
}

check_paths() {
  local files
  mapfile -t files < <(find "$PREFIX" -name '*.cmake' -o -name '*.pc')
  ((${#files[@]} >= 5)) || fail "found only ${#files[@]} files to look at"
  # The prefix itself stands inside of the build tree, and must not be named either.
  if grep -nF -e "$SOURCE" -e "$BUILD" "${files[@]}"; then
    fail "an installed file names the tree that it comes from"
  fi
}

# Every public header of the tree is in the file that includes all that were installed.
expect_every_header() { # <file>
  local header count=0
  while read -r header; do
    grep -qxF "#include <$header>" "$1" || fail "not installed: $header"
    count=$((count + 1))
  done < <(cd "$SOURCE" && find base eventstore messagequeue batch providers sourcing duroxide_runtime -name '*.h' \
    -not -path '*/internal/*' | sed -e 's|^|tandem/|' -e 's|^tandem/base/umbrella/||')
  ((count > 20)) || fail "found only $count public headers in the source tree"
}

check_cmake() {
  local version
  cp -r "$PREFIX" "$work/moved"
  use_modules_of "$work/moved"
  version=$(pkg-config --modversion tandem)
  cp -r "$SOURCE/tests/package/consumer" "$work/consumer"
  "$CMAKE" -G Ninja -S "$work/consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/moved" \
    -DTANDEM_VERSION="${version%.*}" -DTANDEM_COMPONENTS="${COMPONENTS:-}"
  grep -q "^Tandem_DIR:PATH=$work/moved/" "$work/build/CMakeCache.txt" ||
    fail "found another Tandem than the one just installed"
  expect_every_header "$work/build/every_header.cc"
  "$CMAKE" --build "$work/build" --parallel 2
  expect_equal transfer "30" "$("$work/build/transfer" "$work/transfer-store")"
  expect_equal greeting "hello ann!" "$("$work/build/greeting" "$work/greeting-store")"
  expect_equal order "3 lamps" "$("$work/build/order")"
  expect_equal rehearsal "pay, ann" "$("$work/build/rehearsal")"
  expect_equal own_provider "noted" "$("$work/build/own_provider" --gtest_brief=1 | tail -n 1)"
  expect_no_rocksdb "$work/build/own_provider"
  expect_no_rocksdb "$work/build/order"
}

build_by_pkg_config() { # <module> <source>; the program is $work/<its name>
  local compile cflags libs ldflags
  read -ra compile <<<"${CMAKE_CXX_COMPILER_LAUNCHER:-} $CXX -std=c++20 ${CXXFLAGS:-}"
  read -ra ldflags <<<"${LDFLAGS:-}"
  read -ra cflags < <(pkg-config --cflags "$1")
  read -ra libs < <(pkg-config --libs "$1")
  [[ ${cflags[*]} != *include/tandem* ]] || fail "$1 asks for an include folder of its own"
  local name
  name=$(basename "$2" .cc)
  [[ -f $work/$name.cc ]] || cp "$2" "$work"
  cd "$work"
  "${compile[@]}" "${cflags[@]}" -c "$name.cc" -o "$name.o"
  "$CXX" "${ldflags[@]}" "$name.o" "${libs[@]}" -o "$name"
}

check_pkg_config() {
  cp -r "$PREFIX" "$work/moved"
  use_modules_of "$work/moved"
  build_by_pkg_config tandem "$SOURCE/tests/package/consumer/greeting.cc"
  expect_equal greeting "hello ann!" "$("$work/greeting" "$work/store")"
  build_by_pkg_config tandem-duroxide_testing "$SOURCE/tests/package/consumer/rehearsal.cc"
  expect_equal rehearsal "pay, ann" "$("$work/rehearsal")"
}

# The first program of the README, exactly as pasted, and killed between its two halves.
check_readme() {
  local first=$work/pasted.cc killed=$work/killed.cc
  cp -r "$PREFIX" "$work/moved"
  use_modules_of "$work/moved"
  # shellcheck disable=SC2016  # no expressions
  sed -n '/^```cpp$/,/^```$/ { /^```/!p; /^```$/q }' "$SOURCE/README.md" >"$first"
  sed 's/.*DequeueOne/  std::abort();\n&/' "$first" >"$killed"
  grep -q abort "$killed" || fail "the README's first program dequeues nothing"
  build_by_pkg_config tandem "$first"
  build_by_pkg_config tandem "$killed"
  mkdir "$work/here" && cd "$work/here"
  "$work/killed" >/dev/null 2>&1 && fail "the program was not killed"
  expect_equal "after the kill" $'version 2\nthank you for order-1' "$("$work/pasted")"
}

# The examples as they are installed.
check_programs() {
  local run
  cp -r "$PREFIX" "$work/moved"
  cp -r "$work/moved/share/doc/libtandem-dev/examples" "$work/examples"
  "$CMAKE" -G Ninja -S "$work/examples" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/moved"
  "$CMAKE" --build "$work/build" --parallel 2
  expect_equal trip "a flight to Rome and a hotel in Rome
cancelled a flight to nowhere
NotFound: there is no hotel" "$("$work/build/trip" "$work/trips" 2>/dev/null)"
  # It goes on with the store that it has left.
  expect_equal "trip again" "instance 'trip to Rome' has finished (Completed)
a flight to Rome and a hotel in Rome
instance 'trip to nowhere' has finished (Failed)
NotFound: there is no hotel" "$("$work/build/trip" "$work/trips" 2>/dev/null)"
  # The mailer of each may be faster or slower than its end.
  for run in 1 2; do
    expect_equal "order, run $run" $'InvalidArgument: order-1 owes only 700\nann has spent 1200' \
      "$("$work/build/order" "$work/orders" | grep -v '^we got 500 for order-1$')"
  done
}

check_subproject() {
  local version
  use_modules_of "$PREFIX"
  version=$(pkg-config --modversion tandem)
  cp -r "$SOURCE/tests/package/subproject" "$work/shop"
  "$CMAKE" -G Ninja -S "$work/shop" -B "$work/build" -DTANDEM_SOURCE="$SOURCE" \
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_UNITY_BUILD=ON
  "$CMAKE" --build "$work/build" --target shop --parallel 2
  expect_equal shop "3 lamps by Tandem $version" "$("$work/build/shop")"
  "$CMAKE" --install "$work/build" --prefix "$work/installed" >/dev/null
  expect_equal "what is installed" "./bin/shop" "$(cd "$work/installed" && find . -type f)"
}

# The trap is legal C++, and every compiler takes it: only the check stands in its way.
check_coroutines() {
  local header=$work/trap/include/echo.h line
  cp -r "$PREFIX" "$work/moved"
  cp -r "$SOURCE/tests/package/trap" "$work/trap"
  "$CMAKE" -G Ninja -S "$work/trap" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/moved"
  "$CMAKE" --build "$work/build"
  sed -i 's/ctx.Call(kEcho, text)/ctx.Call(kEcho, text.empty() ? std::string("x") : text)/' "$header"
  line=$(grep -n 'co_await' "$header" | cut -d: -f1)
  if "$CMAKE" --build "$work/build" >"$work/log" 2>&1; then
    fail "a program with the trap was built"
  fi
  grep -qF "$header:$line: error: \`?:\` in one statement with co_await" "$work/log" ||
    fail "the trap was not named: $(cat "$work/log")"
}

check_bench() {
  local bench=$work/moved/bin/tandem-bench version
  cp -r "$PREFIX" "$work/moved"
  use_modules_of "$work/moved"
  version=$(pkg-config --modversion tandem)
  expect_equal version "tandem-bench $version" "$("$bench" --version)"
  expect_equal "lines of figures" 5 \
    "$("$bench" batch --events 1 --batches 1 --runs 1 --beside rocksdb --dir "$work" -o csv | wc -l)"
}

expect_field() { # <package file> <field> <pattern>
  local value
  value=$(dpkg-deb --field "$1" "$2")
  [[ $value =~ $3 ]] || fail "$2 of the package is '$value', not like '$3'"
}

check_debian() {
  local file
  use_modules_of "$PREFIX"
  "$CPACK" -G DEB -B "$work" --config "$BUILD/CPackConfig.cmake"
  file=$(find "$work" -maxdepth 1 -name 'libtandem-dev_*.deb')
  [[ -f $file ]] || fail "cpack left no single package"
  expect_field "$file" Package '^libtandem-dev$'
  expect_field "$file" Version "^$(pkg-config --modversion tandem)$"
  expect_field "$file" Section '^libdevel$'
  expect_field "$file" Maintainer '^Tandem developers$'
  expect_field "$file" Depends 'libcapnp-dev.*librocksdb-dev.*pkg-config'
  expect_field "$file" Suggests 'capnproto, nlohmann-json3-dev'
  expect_field "$file" Description '^Event store, message queue .*Duroxide'
  dpkg-deb --extract "$file" "$work/root"
  expect_equal "content of the package" "$(cd "$PREFIX" && find . -type f | sort)" \
    "$(cd "$work/root/usr" && find . -type f | sort)"
}

case ${1:-} in
  install) install_tree ;;
  paths | cmake | pkg_config | readme | programs | subproject | coroutines | bench | debian) "check_$1" ;;
  *) fail "no such case: ${1:-}" ;;
esac
