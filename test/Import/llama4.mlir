// A config that nests the language model; weights on the experts' input.

// RUN: moe-import %S/../Models/llama4/config.json | FileCheck %s

// CHECK:      %[[IDS:.*]] = moe.top_k
// CHECK-NEXT: %[[CHOSEN:.*]] = moe.gather_weights {{.*}}, %[[IDS]]
// CHECK-NEXT: %[[WEIGHTS:.*]] = moe.score sigmoid %[[CHOSEN]] : tensor<?x1xbf16> -> tensor<?x1xbf16>
// CHECK:      moe.dispatch %hidden_states, %sources weights(%[[WEIGHTS]] : tensor<?x1xbf16>) positions(%positions : tensor<?x1xi32>)
// CHECK:      moe.combine %{{.*}}, %positions : tensor
// CHECK:      moe.mix add
