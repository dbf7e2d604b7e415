/*
 * notifier - puts codes and dispatch together, and tells the service how they are.
 *
 * The two know nothing of each other: codes go on without the database, notices without the broker.
 */
#ifndef NOTIFIER_NOTIFIER_H
#define NOTIFIER_NOTIFIER_H

struct service;

/* The hooks of struct service_spec. */
void notifier_prepare(struct service *service);
void notifier_start(struct service *service);
void notifier_drain(struct service *service);
void notifier_stop(struct service *service);

#endif
