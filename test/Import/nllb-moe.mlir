// A capacity that grows with the tokens; slots by priority; weights normalised before
// or after choices are dropped.

// RUN: moe-import %S/../Models/nllb-moe-capacity/config.json | FileCheck %s --check-prefix=AFTER
// RUN: moe-import %S/../Models/nllb-moe-normalized-first/config.json | FileCheck %s --check-prefix=BEFORE
// RUN: split-file %s %t
// RUN: moe-import %t/no-fraction.json | FileCheck %s --check-prefix=NULL

// AFTER:      %[[PRIORITY:.*]] = tensor.extract_slice {{.*}} to tensor<?xbf16>
// AFTER:      %[[CAPACITY:.*]] = moe.capacity fraction {{.*}} {factor = 2.500000e-01 : f64, num_experts = 6 : i64, rounding = #moe.rounding<ceil>}
// AFTER-NEXT: moe.assign_slots k_major {{.*}}, %[[CAPACITY]] priority(%[[PRIORITY]]
// AFTER-NEXT: %[[KEPT:.*]] = moe.gather_weights {{.*}}, %kept
// AFTER-NEXT: %[[WEIGHTS:.*]] = moe.normalize_weights %[[KEPT]] {eps = 7.812500e-03 : f64, eps_mode = #moe.eps_mode<clamp>, order = 1.000000e+00 : f64}
// AFTER:      moe.normalize_weights %[[WEIGHTS]] {scale = 8.000000e-01 : f64}

// BEFORE:      %[[CHOSEN:.*]] = moe.gather_weights
// BEFORE:      moe.assign_slots
// BEFORE-NEXT: %[[WEIGHTS:.*]] = moe.normalize_weights %[[CHOSEN]]
// BEFORE:      linalg.generic {{.*}} ins(%[[WEIGHTS]], %kept
// BEFORE:      arith.select
// BEFORE-NOT:  moe.normalize_weights

// NULL: moe.capacity ceil_div_then_mul {{.*}} {factor = 2.000000e+00 : f64, num_experts = 4 : i64

//--- no-fraction.json
{"model_type": "nllb-moe", "encoder_layers": 4, "d_model": 8, "encoder_ffn_dim": 8, "num_experts": 4,
 "expert_capacity": null, "moe_eval_capacity_token_fraction": 0}
