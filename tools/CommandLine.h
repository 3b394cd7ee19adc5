//===- CommandLine.h - The main function of a tool --------------*- C++ -*-===//

#ifndef MOE_TOOLS_COMMANDLINE_H
#define MOE_TOOLS_COMMANDLINE_H

#include "moe/Checkpoint/DataType.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"
#include <optional>

namespace mlir::moe {

/// Parses the command line into the options of `category`, then calls `run`,
/// and gives the exit status. Whatever fails, be it for lack of memory, is told
/// in one line on standard error, "error: <cause>", and gives 1.
int runTool(int argc, char **argv, llvm::StringRef overview,
            llvm::cl::OptionCategory &category,
            llvm::function_ref<llvm::Error()> run);

/// "--<option> is '<value>', expected <expected>".
llvm::Error makeError(const llvm::cl::opt<std::string> &option,
                      const llvm::Twine &expected);

/// The number from 0 to INT32_MAX that is given to an option, if any.
llvm::Expected<std::optional<int64_t>>
getNumber(const llvm::cl::opt<std::string> &option);

/// The element type of activations that is given to an option, if any: BF16,
/// F16 or F32.
llvm::Expected<std::optional<DataType>>
getActivationType(const llvm::cl::opt<std::string> &option);

} // namespace mlir::moe

#endif // MOE_TOOLS_COMMANDLINE_H
