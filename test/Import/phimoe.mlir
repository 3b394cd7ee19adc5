// Two choices one after the other; the config's noise widens the gap.

// RUN: moe-import %S/../Models/phimoe-wide-gap/config.json | FileCheck %s

// CHECK: %indices, %weights = moe.sequential_top_k %{{.*}} {k = 2 : i64, relative_gap = 3.000000e-01 : f64} : tensor<?x16xbf16>
// CHECK: moe.combine {{.*}} weights(%weights : tensor<?x2xbf16>)
