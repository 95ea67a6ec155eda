// Events and a message in one batch; the acknowledgement and its effect in another: transfer
// <store>

#include <cstdio>
#include <string>
#include <utility>

#include <tandem/tandem.h>

namespace {

using tandem::Result;
using tandem::Status;

// Withdraws and tells the other account, or does neither.
Status Send(tandem::Provider& store) {
  tandem::Batch batch;
  batch.Append({"ann", 1}, "-30", tandem::Expected::NoStream());
  batch.Enqueue("deposits", "30");
  return store.AtomicBatch(std::move(batch)).status();
}

// The amount that was deposited.
Result<std::string> Receive(tandem::Provider& store) {
  TANDEM_ASSIGN_OR_RETURN(const auto deposit, store.DequeueOne("deposits"));
  if (!deposit.has_value()) return Status::NotFound("no message");
  tandem::Batch batch;
  batch.Ack(deposit->lock_token);
  batch.Append({"bob", 1}, deposit->payload);
  TANDEM_RETURN_IF_ERROR(store.AtomicBatch(std::move(batch)).status());
  TANDEM_ASSIGN_OR_RETURN(const auto page, store.Read({"bob", 1}, {}));
  return page.events.front().payload;
}

Result<std::string> Run(const char* directory) {
  TANDEM_ASSIGN_OR_RETURN(const auto store,
                          tandem::OpenStore(directory, tandem::OpenMode::kCreateIfMissing));
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
