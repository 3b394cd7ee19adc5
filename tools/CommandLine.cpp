//===- CommandLine.cpp - The main function of a tool ----------------------===//

#include "CommandLine.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir::moe;
namespace cl = llvm::cl;

static void printError(llvm::StringRef cause) {
  llvm::SmallVector<llvm::StringRef> lines;
  cause.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  llvm::WithColor::error() << llvm::join(lines, "; ") << '\n';
}

/// For what a library cannot return as an error, such as lack of memory.
static void exitOnFatalError(void *, const char *cause, bool) {
  printError(cause);
  // Other threads may still use what destructors would take away.
  std::_Exit(1);
}

/// What `action` writes to standard error.
static std::string captureErrors(llvm::function_ref<void()> action) {
  int terminal = dup(STDERR_FILENO);
  int file = memfd_create("errors", MFD_CLOEXEC);
  if (terminal < 0 || file < 0 || dup2(file, STDERR_FILENO) < 0)
    llvm::report_fatal_error("cannot redirect standard error");
  action();
  dup2(terminal, STDERR_FILENO);
  auto text = llvm::MemoryBuffer::getOpenFileSlice(
      file, "errors", lseek(file, 0, SEEK_END), /*Offset=*/0);
  close(file);
  close(terminal);
  return text ? (*text)->getBuffer().str() : "";
}

/// Parses the command line, or gives the first complaint about it. Some of the
/// parsers write theirs straight to standard error.
static llvm::Error parse(int argc, char **argv, llvm::StringRef overview) {
  bool parsed = false;
  std::string messages = captureErrors([&] {
    parsed = cl::ParseCommandLineOptions(argc, argv, overview, &llvm::errs());
  });
  if (parsed)
    return llvm::Error::success();
  llvm::StringRef first = llvm::StringRef(messages).split('\n').first;
  first.consume_front((llvm::sys::path::filename(argv[0]) + ": ").str());
  return llvm::createStringError(first);
}

int mlir::moe::runTool(int argc, char **argv, llvm::StringRef overview,
                       cl::OptionCategory &category,
                       llvm::function_ref<llvm::Error()> run) {
  llvm::InitLLVM init(argc, argv);
  llvm::install_fatal_error_handler(exitOnFatalError);
  llvm::install_bad_alloc_error_handler(exitOnFatalError);
  cl::HideUnrelatedOptions(category);
  std::string name = llvm::sys::path::filename(argv[0]).str();
  cl::SetVersionPrinter([&](llvm::raw_ostream &stream) {
    stream << name << " " MOE_VERSION "\n";
  });
  llvm::Error error = parse(argc, argv, overview);
  if (!error)
    error = run();
  if (!error)
    return 0;
  printError(llvm::toString(std::move(error)));
  return 1;
}

llvm::Error mlir::moe::makeError(const cl::opt<std::string> &option,
                                 const llvm::Twine &expected) {
  return llvm::createStringError("--" + option.ArgStr + " is '" + option +
                                 "', expected " + expected);
}

llvm::Expected<std::optional<int64_t>>
mlir::moe::getNumber(const cl::opt<std::string> &option) {
  int64_t number;
  if (!option.getNumOccurrences())
    return std::nullopt;
  if (llvm::StringRef(option).getAsInteger(10, number) || number < 0 ||
      number > INT32_MAX)
    return makeError(option, "an integer from 0 to " + llvm::Twine(INT32_MAX));
  return number;
}

llvm::Expected<std::optional<DataType>>
mlir::moe::getActivationType(const cl::opt<std::string> &option) {
  if (!option.getNumOccurrences())
    return std::nullopt;
  auto type = llvm::StringSwitch<std::optional<DataType>>(option)
                  .Case("bf16", DataType::BF16)
                  .Case("f16", DataType::F16)
                  .Case("f32", DataType::F32)
                  .Default(std::nullopt);
  if (!type)
    return makeError(option, "bf16, f16 or f32");
  return type;
}
