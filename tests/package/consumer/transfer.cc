// Events and a message in one batch; the acknowledgement and its effect in another: transfer
// <store>

#include <cstdio>
#include <string>

#include <tandem/tandem.h>

namespace {

using tandem::Result;
using tandem::Status;

// Withdraws and tells the other account, or does neither.
Status Send(tandem::Provider& store) {
  tandem::AppendEvents withdrawn;
  withdrawn.stream = {"ann", 1};
  withdrawn.events = {"-30"};
  withdrawn.expected = tandem::Expected::NoStream();
  const tandem::Enqueue deposit{"deposits", "30", {}};
  return store.AtomicBatch({withdrawn, deposit}).status();
}

// The amount that was deposited.
Result<std::string> Receive(tandem::Provider& store) {
  TANDEM_ASSIGN_OR_RETURN(const auto deliveries, store.Dequeue("deposits"));
  if (deliveries.empty()) return Status::NotFound("no message");
  tandem::AppendEvents deposited;
  deposited.stream = {"bob", 1};
  deposited.events = {deliveries.front().payload};
  const tandem::DeleteMessages done{deliveries.front().lock_token};
  TANDEM_RETURN_IF_ERROR(store.AtomicBatch({done, deposited}).status());
  TANDEM_ASSIGN_OR_RETURN(const auto page, store.Read({"bob", 1}, {}));
  return page.events.front().payload;
}

Result<std::string> Run(const char* directory) {
  TANDEM_ASSIGN_OR_RETURN(const auto store, tandem::RocksDbProvider::Open(directory));
  TANDEM_RETURN_IF_ERROR(Send(*store));
  return Receive(*store);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const Result<std::string> received = Run(argv[1]);
  std::printf("%s\n", received.ok() ? received->c_str() : received.status().ToString().c_str());
  return received.ok() ? 0 : 1;
}
