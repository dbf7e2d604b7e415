/*
 * linger - how long a batch waits for company.
 *
 * Pure. A batch costs the broker and the sequencers more than a millisecond of processor time, whatever
 * is in it. Where processors are idle nobody misses that, and to wait would only make people late. Where
 * all are busy it is what everybody waits for, and larger batches are the cure. So the wait grows while
 * the machine is busy and shrinks while it is not: it settles where the processors are just busy.
 */
#ifndef INGRESS_LINGER_H
#define INGRESS_LINGER_H

#include <stdint.h>

/* How often to look. */
#define LINGER_LOOK_US 100000
/* From one batch to the next; people hardly notice it beside the rest. */
#define LINGER_US_MAX 25000

/* The next wait after one of linger_us, if the processors were so busy; negative: nobody knows. */
int64_t linger_next_us(int64_t linger_us, int busy_percent);

#endif
