/*
 * main - the ingress: people ask over HTTP, their requests go into the lines, answers come back.
 */
#include "ingress/application.h"
#include "ingress/measures.h"

static const struct parameter parameters[] = {
	{"FIRSTCOME_HTTP_LISTEN", PARAMETER_STRING, &settings.http_listen, "127.0.0.1:8080", 0, 0,
		"address for people; several processes may share one"},
	{"FIRSTCOME_ADMIN_LISTEN", PARAMETER_STRING, &settings.admin_listen, "127.0.0.1:8081", 0, 0,
		"address for /healthz, /readyz and /metrics; not for the public"},
	{"FIRSTCOME_WEB_DIR", PARAMETER_STRING, &settings.web_dir, "web", 0, 0,
		"folder with the web page"},
	{"FIRSTCOME_KEYS_DIR", PARAMETER_STRING, &settings.keys_dir, NULL, 0, 0,
		"folder with the secret keys"},
	{"FIRSTCOME_DATABASE_URL", PARAMETER_SECRET, &settings.database_url, NULL, 0, 0,
		"PostgreSQL, as a libpq connection string"},
	{.type = PARAMETER_END},
};

int main(int argc, char **argv) {
	const struct service_spec spec = {
		.program = "ingress",
		.purpose = "Takes requests over HTTP, puts them into the line, and answers them.",
		.parameters = parameters,
		.metrics = ingress_measures_table,
		.metrics_count = ingress_measures_count,
		.prepare = application_prepare,
		.start = application_start,
		.drain = application_drain,
		.stop = application_stop,
	};
	return service_run(&spec, argc, argv);
}
