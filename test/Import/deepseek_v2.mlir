// Groups ranked by their best expert; the others' scores become 0.

// RUN: moe-import %S/../Models/deepseek_v2/config.json | FileCheck %s --check-prefix=GREEDY
// RUN: moe-import %S/../Models/deepseek_v2-grouped/config.json | FileCheck %s --check-prefix=GROUPED

// GREEDY:     %[[SCORES:.*]] = moe.score softmax
// GREEDY:     %[[IDS:.*]] = moe.top_k %[[SCORES]]
// GREEDY:     return {{.*}}, %[[IDS]],

// GROUPED:      %[[SCORES:.*]] = moe.score softmax
// GROUPED-NEXT: %[[LIMITED:.*]] = moe.limit_groups max %[[SCORES]] {fill = #moe.group_fill<zero>, keep = 2 : i64, num_groups = 4 : i64}
// GROUPED-NEXT: %[[IDS:.*]] = moe.top_k %[[LIMITED]]
// GROUPED-NEXT: %[[CHOSEN:.*]] = moe.gather_weights %[[LIMITED]], %[[IDS]]
// GROUPED-NEXT: moe.normalize_weights %[[CHOSEN]] {scale = 1.600000e+01 : f64}
