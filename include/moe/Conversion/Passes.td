//===- Passes.td - Conversions of the moe dialect ----------*- tablegen -*-===//

#ifndef MOE_CONVERSION_PASSES_TD
#define MOE_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertMoEToLoopsPass : Pass<"convert-moe-to-loops", "ModuleOp"> {
  let summary = "lower moe ops to loops over memrefs";
  let description = [{
    The reference lowering: every op becomes `scf` loops over `memref`s, right for
    every shape before it is fast. Experts touch only the rows routed to them;
    `moe.grouped_gemm` (into which `moe.expert_mlp` is split) packs panels of weights into f32 (f64), whatever their layout,
    element type or quantisation, and multiplies with vectors; its loops and those over
    tokens are `scf.parallel`. Tensors with the encoding `#moe.per_expert` become a
    table of addresses, `memref<Exi64>`, in function signatures.

    The memory of arguments stays as it is: they get `bufferization.writable = false`.

    For many threads, those of a GPU, each element of a `moe.grouped_gemm` and of rows is an
    iteration of its own, and nothing is packed. What needs threads that work together, the
    sort of `moe.group_by_expert`, is a `gpu.launch`.
  }];
  let options = [
    Option<"manyThreads", "many-threads", "bool", "false",
           "Make parallel loops for thousands of threads">,
    Option<"tokens", "tokens", "int64_t", "512", "For how many tokens it shall be fastest">];
  let dependentDialects = [
    "arith::ArithDialect", "bufferization::BufferizationDialect", "func::FuncDialect",
    "gpu::GPUDialect", "LLVM::LLVMDialect", "math::MathDialect", "memref::MemRefDialect",
    "NVVM::NVVMDialect", "scf::SCFDialect", "tensor::TensorDialect",
    "vector::VectorDialect"];
}

def ConvertMoEToTilePass : Pass<"convert-moe-to-tile", "func::FuncOp"> {
  let summary = "write scheduled grouped GEMMs as kernels over tiles";
  let description = [{
    A `moe.grouped_gemm` with a schedule becomes a `tile.for_each` over buffers: its rows,
    gathered or not, its weights, quantised or not, a contraction, its epilogue, and a
    store. Without a schedule it is left to `convert-moe-to-loops`.
  }];
  let dependentDialects = [
    "arith::ArithDialect", "bufferization::BufferizationDialect", "linalg::LinalgDialect",
    "memref::MemRefDialect", "tensor::TensorDialect", "tile::TileDialect"];
}

def ConvertTileToVectorPass : Pass<"convert-tile-to-vector", "ModuleOp"> {
  let summary = "expand kernels over tiles into vectors and threads of a CPU";
  let description = [{
    A `tile.for_each` becomes an `scf.parallel` over its tiles, counted by expert. A tile
    with few rows reads the weights in place, once; one with more packs them first, block
    by block, and multiplies panels in registers, as the schedule says. Fragments are
    buffers on the stack; what is computed of them is computed on vectors when they are
    stored. Rows and columns that are not there are neither read nor written.
  }];
  let dependentDialects = [
    "arith::ArithDialect", "LLVM::LLVMDialect", "linalg::LinalgDialect", "math::MathDialect",
    "memref::MemRefDialect", "scf::SCFDialect", "vector::VectorDialect",
    "x86vector::X86VectorDialect"];
}

def ConvertTileToNVVMPass : Pass<"convert-tile-to-nvvm", "ModuleOp"> {
  let summary = "expand kernels over tiles into warpgroups of a Hopper GPU";
  let description = [{
    A `tile.for_each` with a `#moe.warpgroup_schedule` becomes a kernel and its launch. A
    block takes tiles until none is left. The threads of its last warpgroup copy rows and
    weights into a ring in shared memory, weights and rows in order by bulk copies
    through tensor maps, rows through an index by `cp.async`; the other warpgroups
    multiply them by `wgmma`, compute what the fragments say in registers and write
    whole lines. Rows and columns that are not there are neither read nor written.

    The host makes the tensor maps by `@moe_encode_tensor_map`, which the runtime has to
    offer. Other loops stay as they are.
  }];
  let options = [
    Option<"blocks", "blocks", "int64_t", "132", "Blocks that the device has room for">];
  let dependentDialects = [
    "arith::ArithDialect", "func::FuncDialect", "gpu::GPUDialect", "LLVM::LLVMDialect",
    "memref::MemRefDialect", "NVVM::NVVMDialect", "scf::SCFDialect"];
}

def ConvertCopyToLinalgPass
    : Pass<"moe-convert-copy-to-linalg", "func::FuncOp"> {
  let summary = "copy strided memory with loops";
  let description = [{
    A `memref.copy` whose source or target is not contiguous becomes `linalg.copy`;
    lowered as it is, it would call a library of MLIR that compiled layers do without.
  }];
  let dependentDialects = ["linalg::LinalgDialect"];
}

def ConvertLinalgToVectorPass : Pass<"convert-linalg-to-vector", "func::FuncOp"> {
  let summary = "compute rows of linalg ops by vectors and threads of a CPU";
  let description = [{
    Ops that compute each row from the same row, like those of a norm, become an
    `scf.parallel` over the rows: one for all that follow each other, so that a row is in the
    nearest cache when the next of them reads it. Elements of a row, and the lanes of its
    sum, are vectors. Ops with other shapes, or with bodies or memory that vectors do not
    have, are left alone, and so are rows of a few elements.
  }];
  let dependentDialects = [
    "arith::ArithDialect", "memref::MemRefDialect", "scf::SCFDialect",
    "vector::VectorDialect"];
}

def ExpandVectorMathPass : Pass<"moe-expand-vector-math"> {
  let summary = "compute exp, tanh and erf of f32 vectors by polynomials";
  let description = [{
    Otherwise each element would be a call of the C library. Scalars, and vectors of other
    types, stay as they are. Relative errors are a few units in the last place.
  }];
  let dependentDialects = ["arith::ArithDialect", "math::MathDialect",
                           "vector::VectorDialect"];
}

def ExpandDeviceMathPass : Pass<"moe-expand-device-math", "gpu::GPUModuleOp"> {
  let summary = "compute functions in kernels by polynomials";
  let description = [{
    Otherwise they would be calls of a library of the vendor. exp, tanh and erf of f32 are
    the polynomials of moe-expand-vector-math; exp, log, log1p, tanh, erf, powers, sin, cos and
    their like are computed in f64 and, for f32, rounded. What devices compute themselves
    stays. A function that is not known is an error.
  }];
  let dependentDialects = ["arith::ArithDialect", "math::MathDialect", "scf::SCFDialect",
                           "vector::VectorDialect"];
}

def WidenToF64Pass : Pass<"moe-widen-to-f64", "func::FuncOp"> {
  let summary = "evaluate a layer in f64";
  let description = [{
    Every f32, f16 and bf16 value inside a function becomes f64, its results too, and
    no conversion between floats remains: the layer's mathematics without its rounding,
    to compare other lowerings with. Arguments keep their types; weights are read in
    place in the type they are stored in.
  }];
  let dependentDialects = ["arith::ArithDialect"];
}

def PlanWorkspacePass : Pass<"moe-plan-workspace", "ModuleOp"> {
  let summary = "give a layer all its memory in advance";
  let description = [{
    For every public function: each result becomes an argument that is written to, in
    place where the result is memory of its own, and a last argument `memref<?xi8>` is the
    workspace, which begins at a multiple of 64 bytes. Each `memref.alloc` becomes a slice
    of it, aligned to 64 bytes. Buffers share a slice if no op of the function's body uses
    both; an allocation inside a parallel loop has a slice for each iteration.

    `@<function>_workspace_size` gives the bytes for a number of tokens, which is every
    dynamic extent of an argument, one at most; it does not fall when that number grows. An
    allocation without a bound of that kind is an error. A minimum has one if one of its operands
    has, so `min(<data>, tokens * k)` says how large a buffer gets whose size is data.
  }];
  let dependentDialects = [
    "arith::ArithDialect", "func::FuncDialect", "math::MathDialect", "memref::MemRefDialect"];
}

def OutlineParallelPass : Pass<"moe-outline-parallel", "ModuleOp"> {
  let summary = "give the bodies of parallel loops to the runtime's threads";
  let description = [{
    A function with parallel loops takes two more arguments, pointers to a parallel-for
    and to its context; so do its callers, which pass them on. Each outermost one-dimensional
    `scf.parallel` becomes a function of a range of iterations and the values it uses, and
    a call `<parallel-for>(<context>, count, function, values)`, which is to call the
    function for ranges that together are 0 to count, in any order and from any thread,
    and to return when all of them have. Parallel loops inside become sequential.
  }];
  let dependentDialects = ["func::FuncDialect", "LLVM::LLVMDialect", "scf::SCFDialect"];
}

def KeepScalarsPass : Pass<"moe-keep-scalars", "func::FuncOp"> {
  let summary = "keep numbers that the device computes in memory";
  let description = [{
    A number that an op of the function's body gives which touches memory is stored in
    memory of its own, which lives to the end of the function, and is read there by its
    users: if the op becomes a kernel, no one else knows its results.
  }];
  let dependentDialects = ["memref::MemRefDialect"];
}

def OutlineKernelsPass : Pass<"moe-outline-kernels", "ModuleOp"> {
  let summary = "give what touches memory to kernels of a GPU";
  let description = [{
    After moe-plan-workspace, the ops of a function's body that touch memory become kernels
    in the `gpu.module` of the module, and their launches. The iterations of a parallel
    loop, and of parallel loops right inside it, are the work of the kernel's threads, each
    of which takes one after another until none is left. If there are other parallel loops in
    it, an iteration is the work of a warp, whose lanes share those loops, and memory on the
    stack is shared memory. The other ops from one such loop or launch to the next are a
    kernel of one thread.

    Kernels take the addresses and sizes of buffers, and numbers. A number that depends on
    memory has to be kept there by moe-keep-scalars; kernels compute it again. Where the
    host needs it, as the size of a grid or of a tensor map, its bound by the number of
    tokens is taken, as in moe-plan-workspace; without one it is an error.
  }];
  let options = [
    Option<"maxBlocks", "max-blocks", "int64_t", "1056", "Blocks of the largest launch">];
  let dependentDialects = [
    "arith::ArithDialect", "gpu::GPUDialect", "LLVM::LLVMDialect", "memref::MemRefDialect",
    "NVVM::NVVMDialect", "scf::SCFDialect"];
}

def LowerLaunchesPass : Pass<"moe-lower-launches", "ModuleOp"> {
  let summary = "have the host ask a runtime to launch kernels";
  let description = [{
    A function that launches kernels takes two more arguments, pointers to a table of
    functions of the device and to the device,

    ```c
    void launch(void *device, int32_t kernel, int32_t blocks, int32_t threads,
                int32_t shared_bytes, void **arguments);
    void encode_tensor_map(void *device, void *map, void *address, int32_t type,
                           int64_t size0, int64_t size1, int64_t size2,
                           int64_t stride1, int64_t stride2,
                           int32_t box0, int32_t box1);
    ```

    and each `gpu.launch_func`, and each call of `@moe_encode_tensor_map`, becomes a call
    of one of them. `kernel` counts the kernels of the `gpu.module` in order; `arguments`
    are the addresses of the kernel's. Launches are to run one after the other; grids and
    blocks have one dimension.
  }];
  let dependentDialects = ["arith::ArithDialect", "LLVM::LLVMDialect"];
}

def LowerToLLVMPass : Pass<"moe-lower-to-llvm", "ModuleOp"> {
  let summary = "convert memory, vectors and arithmetic to the LLVM dialect";
  let description = [{
    What lowered layers have left, the dialects `affine`, `arith`, `cf`, `func`, `math`,
    `memref`, `vector` and `x86vector`, becomes the LLVM dialect in one conversion. The
    passes of MLIR for each of these dialects do the same, with a walk of the whole
    module each; vectors have one dimension here, as the kernels' have. Allocations become calls
    of `_mlir_memref_to_llvm_alloc`.
  }];
  let dependentDialects = ["LLVM::LLVMDialect"];
}

def ExportLayerPass : Pass<"moe-export-layer", "ModuleOp"> {
  let summary = "give a layer an entry that a C program can call";
  let description = [{
    After moe-plan-workspace, and moe-outline-parallel or moe-lower-launches, `@moe_layer`
    gets an entry of the form that all layers share,

    ```c
    void <symbol>(void *const *buffers, int64_t tokens, void *workspace,
                  void *run, void *context);
    int64_t <symbol>_workspace_size(int64_t tokens);
    ```

    where the last two are what the pass before added. `buffers` holds an address for each argument and then for each result, in order: of
    contiguous elements, or of a table of addresses where the layer takes one. Nothing
    else of the module can be called from outside.
  }];
  let dependentDialects = ["func::FuncDialect", "LLVM::LLVMDialect"];
  let options = [
    Option<"symbol", "symbol", "std::string", "\"moe_layer_entry\"", "Name of the entry">];
}

def ConvertNVVMToSimulatorPass
    : Pass<"convert-nvvm-to-simulator", "ModuleOp"> {
  let summary = "make functions for the host of CUDA kernels";
  let description = [{
    The functions of each `gpu.module`, in the LLVM and NVVM dialects as they would go
    to the PTX back end, become functions of the host that execute one thread each. Every
    nvvm op and every access to global or shared memory becomes a call of the simulator's
    runtime (`moe/Simulator/Launch.h`); pointers into shared memory (address spaces 3 and
    7) become numbers, and loads and stores go through the address that the runtime gives
    after its checks. Registers that a `nvvm.wgmma.mma_async` writes are handles until
    something uses their value. An undefined value becomes a NaN of all ones.

    A kernel gets the attribute `sim.kernel` with what a launch must know, the module
    `sim.locations`, the text for each place that calls name by number. An op that is not
    simulated is an error.
  }];
  let dependentDialects = ["LLVM::LLVMDialect"];
}

#endif // MOE_CONVERSION_PASSES_TD
