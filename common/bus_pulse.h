/*
 * bus_pulse - asks every two seconds whether JetStream answers through this broker, and has the bus
 * leave a broker that is cut off.
 *
 *	client ──lives──▶ broker 1 ──cut──╳── brokers 2 and 3, who have a majority and go on
 *
 * A broker that is cut off from its cluster keeps its clients. Nothing that they publish is stored, and
 * of what the others store they never hear; but their connection is as good as ever. Only the leader
 * of the cluster answers this question ($JS.API.INFO), and it steps down without a majority; a broker
 * that knows of no leader says just that.
 *
 * That takes it 10 to 20 seconds, but what it stores meanwhile is never acknowledged. So a program that
 * publishes knows sooner: when for so many questions long nothing at all was acknowledged.
 *
 * Silence counts only once there were any words: without the right to ask, a program would go round for
 * ever. A cluster that has just lost its leader is silent as well, for 4 to 9 seconds: leaving then
 * would be in vain, so it takes longer.
 */
#ifndef COMMON_BUS_PULSE_H
#define COMMON_BUS_PULSE_H

#include "common/bus.h"

#define BUS_PULSE_MS 2000
/* Questions in a row without an answer, each a BUS_PULSE_MS long. */
#define BUS_PULSE_MISSES_MAX 5u
/* Periods, between questions, in which publications were not acknowledged, and none was since. */
#define BUS_PULSE_UNSTORED_MAX 3u

struct bus_pulse;

/* leave is called on the loop, once for each broker that is to be left. */
struct bus_pulse *bus_pulse_create(struct bus *bus, void (*leave)(struct bus *bus));
/* Whether a publication was answered, or waited in vain. */
void bus_pulse_note(struct bus_pulse *pulse, bool answered);
/* NULL is allowed. */
void bus_pulse_destroy(struct bus_pulse *pulse);

#endif
