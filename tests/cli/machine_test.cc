#include "tandem/cli/bench/machine.h"

#include <gtest/gtest.h>

namespace tandem::bench {
namespace {

constexpr const char* kMounts =
    "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
    "30 22 0:25 / /tmp rw - tmpfs tmpfs rw\n"
    "31 22 254:2 / /data rw,noatime shared:2 master:1 - xfs /dev/vdb rw\n"
    "a line of another kind\n"
    "32 31 254:3 / /data/fast rw - ext4 /dev/nvme0n1 rw\n";

std::string DeviceOf(const std::string& directory) {
  Machine machine;
  FindMount(kMounts, directory, machine);
  return machine.file_system + " " + machine.device;
}

TEST(Machine, TheDeepestMountAroundADirectoryHasItsFiles) {
  EXPECT_EQ(DeviceOf("/"), "ext4 /dev/vda1");
  EXPECT_EQ(DeviceOf("/srv/ann"), "ext4 /dev/vda1");
  EXPECT_EQ(DeviceOf("/data/x"), "xfs /dev/vdb");
  EXPECT_EQ(DeviceOf("/data/fast"), "ext4 /dev/nvme0n1");
  EXPECT_EQ(DeviceOf("/data/fast/x"), "ext4 /dev/nvme0n1");
  EXPECT_EQ(DeviceOf("/data/faster"), "xfs /dev/vdb");
}

TEST(Machine, AFileSystemInMemoryIsKnown) {
  Machine machine;
  FindMount(kMounts, "/tmp/x", machine);
  EXPECT_TRUE(machine.InMemory());
  FindMount(kMounts, "/data", machine);
  EXPECT_FALSE(machine.InMemory());
}

TEST(Machine, IsLookedAt) {
  const Machine machine = LookAtMachine("/");
  EXPECT_NE(machine.file_system, "");
  EXPECT_GE(machine.cores, 1U);
}

}  // namespace
}  // namespace tandem::bench
