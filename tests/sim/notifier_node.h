/*
 * notifier_node - what the checker asks about notifiers.
 */
#ifndef TESTS_SIM_NOTIFIER_NODE_H
#define TESTS_SIM_NOTIFIER_NODE_H

#include <stdbool.h>
#include <stdint.h>

/* At the beginning of a run. */
void notifier_nodes_begin(void);
/* Whether that incarnation of that node was dead by then, in the world's time. */
bool notifier_node_died(uint32_t node, uint32_t incarnation, int64_t until_us);
/* Whether it did nothing for long, because it was frozen, at some time between the two. */
bool notifier_node_was_absent(uint32_t node, int64_t from_us, int64_t to_us);

#endif
