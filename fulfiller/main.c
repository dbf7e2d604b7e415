/*
 * main - the fulfiller writes the decisions of all campaigns, and proven contacts, to PostgreSQL.
 */
#include "common/parameters.h"
#include "common/service.h"
#include "fulfiller/campaigns.h"
#include "fulfiller/contacts.h"
#include "fulfiller/measures.h"
#include "fulfiller/store.h"

static const char *database_url;

static struct store *store;
static struct contacts *contacts;
static struct campaigns *campaigns;

static const struct parameter parameters[] = {
	{"FIRSTCOME_DATABASE_URL", PARAMETER_SECRET, &database_url, NULL, 0, 0,
		"PostgreSQL connection string of the ledger"},
	{.type = PARAMETER_END},
};

static void start(struct service *service) {
	store = store_create(database_url, service_instance(service));
	contacts = contacts_create(service_loop(service), service_bus(service), store);
	campaigns = campaigns_create(&(struct campaigns_options){
		.service = service,
		.store = store,
		.contacts = contacts,
	});
}

static void drain(struct service *service) {
	campaigns_end(campaigns);
	contacts_end(contacts);
	service_drained(service);
}

static void stop(struct service *service) {
	(void)service;
	campaigns_destroy(campaigns);
	contacts_destroy(contacts);
	store_destroy(store);
}

int main(int argc, char **argv) {
	static const struct service_spec spec = {
		.program = "fulfiller",
		.purpose = "Writes the decisions of all campaigns, and proven contacts, to "
			   "PostgreSQL.",
		.parameters = parameters,
		.metrics = fulfiller_measures_table,
		.metrics_count = MEASURES_COUNT,
		.start = start,
		.drain = drain,
		.stop = stop,
	};
	return service_run(&spec, argc, argv);
}
