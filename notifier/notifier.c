#include "notifier/notifier.h"

#include <stdbool.h>
#include <stddef.h>

#include "common/service.h"
#include "common/transfers.h"
#include "notifier/codes.h"
#include "notifier/dispatch.h"
#include "notifier/settings.h"

/* One of each in a process. */
static struct codes *codes;
static struct dispatch *dispatch;
static int parts_left; /* to drain */

static void on_database(void *owner, bool available, const char *note) {
	struct service *service = owner;
	if (!service_is_draining(service)) {
		service_set_ready(service, available, note);
	}
}

static void on_drained(void *owner) {
	if (--parts_left == 0) {
		service_drained(owner);
	}
}

void notifier_prepare(struct service *service) {
	(void)service;
	settings_prepare();
	transfers_init();
}

void notifier_start(struct service *service) {
	struct dispatch_options options = {
		.instance = service_instance(service),
		.on_database = on_database,
		.on_drained = on_drained,
		.owner = service,
	};
	codes = codes_create(service_loop(service), service_bus(service));
	dispatch = dispatch_create(service_loop(service), &options);
}

void notifier_drain(struct service *service) {
	parts_left = 2;
	codes_drain(codes, on_drained, service);
	dispatch_drain(dispatch);
}

void notifier_stop(struct service *service) {
	(void)service;
	dispatch_destroy(dispatch);
	codes_destroy(codes);
}
