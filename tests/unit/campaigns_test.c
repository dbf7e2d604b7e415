/*
 * campaigns_test - what is known of a campaign goes forward only, and comes whole or not at all.
 */
#include "ingress/campaigns.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

#include "common/crypto.h"
#include "common/log.h"

static struct campaigns *campaigns;
static struct decision decision;

static int begin(void **state) {
	(void)state;
	campaigns = campaigns_create();
	decision = (struct decision){.state = CAMPAIGN_SCHEDULED};
	return 0;
}

static int end(void **state) {
	(void)state;
	campaigns_destroy(campaigns);
	return 0;
}

static bool see(struct campaign *campaign, uint64_t n, uint32_t available) {
	decision.n = n;
	decision.define_n = 1;
	decision.counters.available = available;
	return campaigns_update(campaigns, campaign, &decision);
}

static bool define(struct campaign *campaign, uint64_t n, const char *json) {
	decision.n = n;
	decision.definition = json;
	decision.definition_size = json == NULL ? 0 : (uint32_t)strlen(json);
	return campaigns_define(campaigns, campaign, &decision);
}

#define BURGER "{\"id\":\"burger\",\"title\":\"Burgers\",\"units\":5}"
#define SCHEDULED_BURGER                                                                           \
	"{\"id\":\"burger\",\"title\":\"Burgers\",\"units\":7,"                                    \
	"\"opens_at\":\"2026-12-01T12:00:00Z\",\"closes_at\":\"2026-12-02T12:00:00Z\"}"
#define OPENING INT64_C(1796126400000)

static void campaigns_are_found_by_id_and_by_ordinal(void **state) {
	(void)state;
	char id[CAMPAIGN_ID_BYTES_MAX + 1];
	for (uint32_t i = 1; i <= 500; i++) {
		snprintf(id, sizeof id, "campaign-%u", i);
		campaigns_add(campaigns, id, i * 3);
	}
	assert_int_equal(campaigns_count(campaigns), 500);
	for (uint32_t i = 1; i <= 500; i++) {
		snprintf(id, sizeof id, "campaign-%u", i);
		struct campaign *campaign = campaigns_find(campaigns, id);
		assert_non_null(campaign);
		assert_int_equal(campaign->ordinal, i * 3);
		assert_ptr_equal(campaigns_find_ordinal(campaigns, i * 3), campaign);
		assert_null(campaigns_find_ordinal(campaigns, i * 3 + 1));
		assert_ptr_equal(campaigns_get(campaigns, i - 1), campaign);
	}
	assert_null(campaigns_find(campaigns, "campaign-501"));
	assert_null(campaigns_find_ordinal(campaigns, 0));
}

static void news_go_forward_only(void **state) {
	(void)state;
	struct campaign *campaign = campaigns_add(campaigns, "burger", 1);
	assert_true(see(campaign, 5, 50));
	uint64_t version = campaigns_version(campaigns);
	assert_false(see(campaign, 5, 49));
	assert_false(see(campaign, 4, 60));
	assert_int_equal(campaign->counters.available, 50);
	assert_int_equal(campaigns_version(campaigns), version);
	assert_true(see(campaign, 9, 10));
	assert_int_equal(campaign->counters.available, 10);
	assert_true(campaigns_version(campaigns) > version);
}

static void a_campaign_is_known_with_its_definition(void **state) {
	(void)state;
	struct campaign *campaign = campaigns_add(campaigns, "burger", 1);
	see(campaign, 5, 50);
	assert_false(campaign_is_known(campaign));
	assert_false(define(campaign, 1, NULL));
	assert_false(define(campaign, 1, "{\"id\":\"burger\"}"));
	assert_false(campaign_is_known(campaign));
	assert_true(define(campaign, 1, BURGER));
	assert_true(campaign_is_known(campaign));
	assert_int_equal(campaign->definition.units, 5);
	assert_int_equal(campaign->json_size, strlen(BURGER));
	assert_memory_equal(campaign->json, BURGER, campaign->json_size);
	assert_int_equal(strlen(campaign->hash), 64);
}

static void a_newer_definition_replaces_an_older_one_and_not_the_other_way(void **state) {
	(void)state;
	struct campaign *campaign = campaigns_add(campaigns, "burger", 1);
	assert_true(define(campaign, 1, BURGER));
	assert_true(define(campaign, 3, SCHEDULED_BURGER));
	assert_int_equal(campaign->definition.units, 7);
	assert_true(define(campaign, 1, BURGER));
	assert_int_equal(campaign->definition.units, 7);
}

static void the_clock_opens_and_closes_what_is_shown(void **state) {
	(void)state;
	struct campaign *campaign = campaigns_add(campaigns, "burger", 1);
	see(campaign, 1, 7);
	define(campaign, 1, SCHEDULED_BURGER);
	assert_int_equal(campaign_state_at(campaign, OPENING - 1), CAMPAIGN_SCHEDULED);
	assert_int_equal(campaign_state_at(campaign, OPENING), CAMPAIGN_OPEN);
	assert_int_equal(campaign_state_at(campaign, OPENING + 86399999), CAMPAIGN_OPEN);
	assert_int_equal(campaign_state_at(campaign, OPENING + 86400000), CAMPAIGN_CLOSED);
	decision.state = CAMPAIGN_PAUSED;
	see(campaign, 2, 7);
	assert_int_equal(campaign_state_at(campaign, OPENING), CAMPAIGN_PAUSED);
}

static void without_times_only_commands_open_and_close(void **state) {
	(void)state;
	struct campaign *campaign = campaigns_add(campaigns, "burger", 1);
	see(campaign, 1, 7);
	define(campaign, 1, BURGER);
	assert_int_equal(campaign_state_at(campaign, INT64_MAX), CAMPAIGN_SCHEDULED);
}

int main(void) {
	crypto_init();
	log_init("campaigns_test", LOG_FATAL, LOG_FORMAT_TEXT);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			campaigns_are_found_by_id_and_by_ordinal, begin, end),
		cmocka_unit_test_setup_teardown(news_go_forward_only, begin, end),
		cmocka_unit_test_setup_teardown(
			a_campaign_is_known_with_its_definition, begin, end),
		cmocka_unit_test_setup_teardown(
			a_newer_definition_replaces_an_older_one_and_not_the_other_way, begin, end),
		cmocka_unit_test_setup_teardown(
			the_clock_opens_and_closes_what_is_shown, begin, end),
		cmocka_unit_test_setup_teardown(
			without_times_only_commands_open_and_close, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
