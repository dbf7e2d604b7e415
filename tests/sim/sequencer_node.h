/*
 * sequencer_node - what the checker asks a sequencer.
 */
#ifndef TESTS_SIM_SEQUENCER_NODE_H
#define TESTS_SIM_SEQUENCER_NODE_H

#include <stdint.h>

#include "sequencer/feed.h"

struct node;

/* NULL if it is down, or has not heard of this campaign yet. */
const struct feed *sequencer_node_feed(const struct node *node, uint32_t ordinal);

#endif
