/*
 * main - the sequencer decides every campaign: reads the requests, writes the decisions.
 *
 * It needs the broker, whose loss it waits out, and no keys. It may touch the broker and its own
 * memory; no database, no listening socket, no files but its settings.
 */
#include <stdint.h>

#include "common/service.h"
#include "sequencer/desk.h"
#include "sequencer/feeds.h"

static int64_t replicas;
static int64_t stream_megabytes_max;

static const struct parameter parameters[] = {
	{.name = "FIRSTCOME_REPLICAS",
		.type = PARAMETER_NUMBER,
		.target = &replicas,
		.otherwise = "1",
		.min = 1,
		.max = 5,
		.help = "replicas of the streams of a new campaign; 3 in a cluster of three "
			"brokers"},
	{.name = "FIRSTCOME_STREAM_MEGABYTES_MAX",
		.type = PARAMETER_NUMBER,
		.target = &stream_megabytes_max,
		.otherwise = "8192",
		.min = 1,
		.max = 1048576,
		.help = "size at which each stream of a new campaign is full and refuses more, in "
			"MB"},
	{.type = PARAMETER_END},
};

static struct feeds *feeds;
static struct desk *desk;

static void start(struct service *service) {
	feeds = feeds_create(service);
	desk = desk_create(&(struct desk_options){
		.service = service,
		.feeds = feeds,
		.replicas = (int)replicas,
		.stream_bytes_max = stream_megabytes_max << 20,
	});
}

/* The feeds go on meanwhile, and have nothing to finish: what is not published yet, a standby or the
 * next start publishes. */
static void drain(struct service *service) {
	(void)service;
	desk_drain(desk);
}

static void stop(struct service *service) {
	(void)service;
	desk_destroy(desk);
	feeds_destroy(feeds);
}

int main(int argc, char **argv) {
	const struct service_spec spec = {
		.program = "sequencer",
		.purpose = "Decides the bookings of every campaign, in the order of their line.",
		.parameters = parameters,
		.metrics = feed_metrics,
		.metrics_count = feed_metrics_count,
		.start = start,
		.drain = drain,
		.stop = stop,
	};
	return service_run(&spec, argc, argv);
}
