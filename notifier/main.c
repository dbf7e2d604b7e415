/*
 * main - the notifier: tells people by email and SMS what became of their wishes, and sends their
 * one-time codes. It reads the ledger and the queue of codes, and writes nothing but the notices.
 */
#include "common/service.h"
#include "notifier/measures.h"
#include "notifier/notifier.h"
#include "notifier/settings.h"

int main(int argc, char **argv) {
	const struct service_spec spec = {
		.program = "notifier",
		.purpose = "Sends one-time codes, and a message for everything that happens to a "
			   "booking.",
		.parameters = settings_parameters,
		.metrics = notifier_measures_table,
		.metrics_count = MEASURES_COUNT,
		.prepare = notifier_prepare,
		.start = notifier_start,
		.drain = notifier_drain,
		.stop = notifier_stop,
	};
	return service_run(&spec, argc, argv);
}
