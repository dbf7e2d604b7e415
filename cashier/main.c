/*
 * main - the cashier: makes an order for each hold of a campaign with a price, tells the line of
 * payments, and pays back what cannot be had. It decides nothing: the line does.
 */
#include "cashier/cashier.h"
#include "cashier/measures.h"
#include "cashier/settings.h"
#include "common/service.h"

int main(int argc, char **argv) {
	const struct service_spec spec = {
		.program = "cashier",
		.purpose = "Takes payments for what is held, and pays back what cannot be had.",
		.parameters = settings_parameters,
		.metrics = cashier_measures_table,
		.metrics_count = MEASURES_COUNT,
		.prepare = cashier_prepare,
		.start = cashier_start,
		.drain = cashier_drain,
		.stop = cashier_stop,
	};
	return service_run(&spec, argc, argv);
}
