@0xb552a09d072f773f;
# The values that pass between the orchestration and its activities. Paths are bytes, not text.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("checksum::schema");

struct Job {
  directory @0 :Data;
  manifest  @1 :Data;
}

struct ListRequest {
  directory @0 :Data;
  after     @1 :Data;
}

struct FileBatch {
  paths @0 :List(Data);
}

struct FilePage {
  batches @0 :List(FileBatch);
  last    @1 :Data;
  more    @2 :Bool;
  unreadable @3 :List(Data);
}

struct FileDigest {
  path   @0 :Data;
  sha256 @1 :Data;  # empty: the file could not be read
  bytes  @2 :UInt64;
}

struct HashedFiles {
  files @0 :List(FileDigest);
}

struct Part {
  manifest @0 :Data;
  number   @1 :UInt32;
  files    @2 :List(FileDigest);
}

struct Assembly {
  manifest @0 :Data;
  parts    @1 :UInt32;
}

struct Summary {
  files      @0 :UInt64;
  bytes      @1 :UInt64;
  unreadable @2 :UInt64;
}
