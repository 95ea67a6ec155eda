#pragma once

// A script: what is done to a store, one step a line, to be read and written by people.
//
//   # a comment
//   batch sync id=b1 | append a/1 e1 e2 expect=none | enqueue q hello key=k group=g delay=500
//   dequeue t1 q,r max=2 lease=1000
//   advance 1500
//   batch | ack t1.0
//
// A step is a verb, words, and options of the form name=value; a batch has its operations behind
// bars. Durations are milliseconds, streams entity/partition. A token is named by the dequeue that
// it came from: t1.0 is the first token of `dequeue t1`. `''` is the empty word, `\0` a zero byte.
// Every verb is explained in player.h.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::testing {

struct Step {
  std::string verb;
  std::vector<std::string> words;              // as they are written
  std::map<std::string, std::string> options;  // as they are written
  std::vector<Step> operations;                // of a batch

  bool Has(const std::string& option) const { return options.contains(option); }
  bool HasWord(std::string_view word) const;

  // Decoded; the empty word, or `otherwise`, where there is none.
  std::string Word(std::size_t index) const;
  std::string Option(const std::string& name) const;
  std::uint64_t Number(const std::string& name, std::uint64_t otherwise) const;
};

using Script = std::vector<Step>;

// REQUIRES: the text keeps to the grammar above.
Script ParseScript(std::string_view text);

std::string ToString(const Step& step);
std::string ToString(const Script& script);

// Between a word as it is written and what it means.
std::string DecodeWord(std::string_view word);
std::string EncodeWord(std::string_view meaning);

std::vector<std::string> Split(std::string_view text, char separator);

}  // namespace tandem::testing
