// RUN: moe-opt %s --moe-print-search-space='target=x86-64-v4 tokens=512' -o %t.mlir | FileCheck %s
// RUN: moe-opt %s -o - | diff - %t.mlir

// Plans of a layer, those with sums in any order included.
// CHECK: #moe.tuning_key<kernel = layer, experts = 4, {{.*}}shared_experts = 1, tokens = 512, {{.*}}> 24 plans
// CHECK-NEXT: #moe.plan<routing = fused, gather = fused, combine = gather_sum, shared_experts = beside> {{[0-9.]+e-[0-9]+}} s default{{$}}
// CHECK-COUNT-11: #moe.plan<{{.*}}shared_experts = beside> {{[0-9.]+e-[0-9]+}} s{{$}}
// CHECK-NEXT: #moe.plan<routing = fused, gather = fused, combine = gather_sum, shared_experts = rows> {{[0-9.]+e-[0-9]+}} s selected{{$}}
// CHECK-COUNT-11: #moe.plan<{{.*}}shared_experts = rows> {{[0-9.]+e-[0-9]+}} s{{$}}
func.func @shared(%x: tensor<?x16xbf16>, %l: tensor<?x4xf32>,
    %up: tensor<4x8x16xbf16>, %down: tensor<4x16x8xbf16>,
    %sup: tensor<8x16xbf16>, %sdown: tensor<16x8xbf16>) -> tensor<?x16xbf16> {
  %i = moe.top_k %l {k = 2 : i64} : tensor<?x4xf32>
  %w = moe.gather_weights %l, %i : tensor<?x4xf32>, tensor<?x2xi32>
  %o, %s, %p = moe.group_by_expert %i {num_experts = 4 : i64}
    : tensor<?x2xi32> -> tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>
  %rows = moe.dispatch %x, %s : tensor<?x16xbf16>, tensor<?xi32> -> tensor<?x16xbf16>
  %e = moe.expert_mlp none %rows offsets(%o : tensor<5xi32>) up(%up : tensor<4x8x16xbf16>)
    down(%down : tensor<4x16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %y = moe.combine %e, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>
  %b = moe.expert_mlp none %x up(%sup : tensor<8x16xbf16>)
    down(%sdown : tensor<16x8xbf16>) {activation = #moe.activation<silu>}
    : tensor<?x16xbf16> -> tensor<?x16xbf16>
  %m = moe.mix add %y, %b : tensor<?x16xbf16>
  return %m : tensor<?x16xbf16>
}
