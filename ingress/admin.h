/*
 * admin - the port for operators and machines: /healthz, /readyz, /metrics.
 *
 *	/healthz	200 as long as the loop turns; it looks at nothing else, so that a broken
 *			broker does not get healthy processes restarted
 *	/readyz		200, or 503 with the reason: whether a load balancer should send people here
 *	/metrics	Prometheus text
 *
 * It stands on an address of its own, which is not for the public. It stays open while the service
 * drains, and says "not ready" then.
 */
#ifndef INGRESS_ADMIN_H
#define INGRESS_ADMIN_H

struct admin;
struct service;

/* Listens. Exits with a clear line if it cannot. */
struct admin *admin_create(struct service *service, const char *listen);
/* Closes; for when everything else has drained. Calls done once. */
void admin_drain(struct admin *admin, void (*done)(void *context), void *context);
/* NULL is allowed. */
void admin_destroy(struct admin *admin);

#endif
