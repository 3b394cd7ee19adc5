//===- Passes.td - Transformations of moe ops --------------*- tablegen -*-===//

#ifndef MOE_TRANSFORMS_PASSES_TD
#define MOE_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

// What the passes about plans and schedules assume.
defvar MoE_TargetOptions = [
  Option<"targetName", "target", "std::string", [{"native"}],
         "processor, level of x86-64 or GPU to compute on, or native">,
  Option<"tokens", "tokens", "int64_t", "512", "tokens of a call">];

def SelectPlanPass : Pass<"moe-select-plan", "func::FuncOp"> {
  let summary = "choose which kernels a layer becomes";
  let description = [{
    Gives a function that has none the `#moe.plan` that the passes of `moe-fuse` obey: of
    the legal ones that with the shortest time that is estimated for so many tokens on the
    target, for what plans do differently: kernels that begin and end, rows that are copied
    and summed, shared experts that are joined. A remark says which and why. Options give a
    part of the plan; it must be legal for the function. `combine=atomic` needs
    `deterministic=false`.
  }];
  let options = !listconcat([
    Option<"routing", "routing", "std::string", [{"auto"}], "auto, separate or fused">,
    Option<"gather", "gather", "std::string", [{"auto"}], "auto, copy or fused">,
    Option<"combine", "combine", "std::string", [{"auto"}],
           "auto, gather_sum, slots or atomic">,
    Option<"sharedExperts", "shared-experts", "std::string", [{"auto"}],
           "auto, beside or rows">,
    Option<"deterministic", "deterministic", "bool", "true",
           "only plans whose results are the same in every run">], MoE_TargetOptions);
}

def FuseSharedExpertsPass : Pass<"moe-fuse-shared-experts", "func::FuncOp"> {
  let summary = "compute a shared expert as one more that every token chooses";
  let description = [{
    If the function's plan has `shared_experts = rows`, an expert that all tokens pass
    through, and that `moe.mix` adds to what `moe.combine` gives, becomes the last of the
    chosen experts: `moe.append_choice` adds the choice and its weight,
    `moe.append_expert` the weights. Its result is then summed before it is rounded.
    Refused unless both are alike: activation, sizes, layouts, types, encoding of quantised
    weights, biases. Choices that found no slot stay without a row; so do those of another
    device's experts.
  }];
}

def FuseGatePass : Pass<"moe-fuse-gate", "func::FuncOp"> {
  let summary = "make a linear gate one grouped GEMM";
  let description = [{
    A `moe.gate` of kind `linear` becomes a `moe.grouped_gemm` of one expert, with bias
    and soft cap in its epilogue: the logits take the way of all other products. Gates
    that compare by angle or distance stay.
  }];
  let dependentDialects = ["arith::ArithDialect", "math::MathDialect"];
}

def SplitExpertsPass : Pass<"moe-split-experts", "func::FuncOp"> {
  let summary = "make each expert MLP two grouped GEMMs";
  let description = [{
    `moe.expert_mlp` becomes a `moe.grouped_gemm` of the gate and up projections, with
    biases, activation and rounding in its epilogue, and one of the down projection.
    Experts that return their rows unchanged become a copy of these rows.
  }];
  let dependentDialects = ["arith::ArithDialect", "math::MathDialect",
                           "tensor::TensorDialect"];
}

def FuseGatherPass : Pass<"moe-fuse-gather", "func::FuncOp"> {
  let summary = "let grouped GEMMs read the rows of tokens in place";
  let description = [{
    A `moe.dispatch` without weights whose rows a `moe.grouped_gemm` multiplies becomes
    the GEMM's `sources`: the permuted copy of the activation is neither written nor
    read. It stays for other users.
  }];
}

def FuseWeightsPass : Pass<"moe-fuse-weights", "func::FuncOp"> {
  let summary = "multiply rows with their routing weight where they are computed";
  let description = [{
    The weights of a `moe.combine` move into the epilogue of the `moe.grouped_gemm` that
    computes its rows, as one `moe.row_weights` per row, before the element is rounded.
    Refused if the rows have other users, if the combination rounds each product
    (`accumulate` `result`), or if two choices may share a row.
  }];
}

def FuseCombinePass : Pass<"moe-fuse-combine", "func::FuncOp"> {
  let summary = "store the rows of experts where the sum of their token needs them";
  let description = [{
    Obeys the function's plan, after `moe-fuse-weights`. `combine = slots`: the
    `moe.grouped_gemm` stores each row where its choice is (`moe.row_choices`), and the
    `moe.combine` reads them in order. `combine = atomic`: it adds each row into that
    of its token, in the type of the sums; where the result is narrower, it is rounded by
    a further op. Refused for what `moe-fuse-weights` refuses.
  }];
  let dependentDialects = ["arith::ArithDialect", "tensor::TensorDialect"];
}

def FuseRoutingPass : Pass<"moe-fuse-routing", "func::FuncOp"> {
  let summary = "make the ops of a router one kernel";
  let description = [{
    Scores, choices, weights, capacity, slots, groups and what is elementwise between them
    become the body of one `moe.route`. Where another op uses one of them and is used by
    another, as a Sinkhorn iteration does, there is a kernel before it and one behind.
  }];
}

def StackExpertsPass : Pass<"moe-stack-experts", "func::FuncOp"> {
  let summary = "take the weights of all experts as one tensor";
  let description = [{
    Tensors that are stored one for each expert (`#moe.per_expert`) lose that encoding and
    their names: whoever calls the function gives them one behind the other. Devices whose copies need
    one base address want it so.
  }];
}

class MoE_SchedulePass<string argument, string operation>
    : Pass<argument, operation> {
  let options = MoE_TargetOptions;
}

def SelectSchedulePass : MoE_SchedulePass<"moe-select-schedule", "func::FuncOp"> {
  let summary = "choose how the target computes each grouped GEMM";
  let description = [{
    Gives each `moe.grouped_gemm` that has none the `#moe.schedule` with the shortest
    time that the cost model estimates for so many tokens, and says which and why in a
    remark. The rows that an expert gets are estimated from the choices of each token,
    which the `moe.group_by_expert` of the offsets tells; if nothing does, each expert
    is taken to get all tokens. A schedule that is given must be legal on the target.

    On a GPU it is a `#moe.warpgroup_schedule`; what no such schedule can compute gets
    none, and a remark says why.
  }];
}

def PrintTuningKeyPass : MoE_SchedulePass<"moe-print-tuning-key", "ModuleOp"> {
  let summary = "print what a measured schedule is stored under";
  let description = [{
    Prints one line to standard output for each function whose plan is still to be obeyed,
    and for each `moe.grouped_gemm`: its problem, the bucket of the token count, and the
    target. The IR stays as it is; `-o FILE` keeps it apart.
  }];
}

def PrintSearchSpacePass : MoE_SchedulePass<"moe-print-search-space", "ModuleOp"> {
  let summary = "print the plans and schedules to choose from";
  let description = [{
    Prints, for each function whose plan is still to be obeyed, its tuning key with the
    number of plans to standard output, and a line for each of them with its estimated time;
    and for each `moe.grouped_gemm` the same of schedules. `default` and `selected` mark
    what is taken without knowing the token count, and what `moe-select-plan` and
    `moe-select-schedule` take. The IR stays as it is; `-o FILE` keeps it apart.
  }];
}

#endif // MOE_TRANSFORMS_PASSES_TD
