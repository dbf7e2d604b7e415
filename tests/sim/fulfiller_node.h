/*
 * fulfiller_node - what the checker asks a fulfiller.
 */
#ifndef TESTS_SIM_FULFILLER_NODE_H
#define TESTS_SIM_FULFILLER_NODE_H

struct node;

/* Why it does not carry a campaign any further, for good; NULL if there is none. */
const char *fulfiller_node_stopped(const struct node *node);

#endif
