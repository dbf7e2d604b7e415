/*
 * settings_test - addresses as operators write them.
 */
#include "notifier/settings.h"

#include "tests/unit/unit.h"

static void hosts_are_cut_out_of_urls(void **state) {
	(void)state;
	static const struct {
		const char *url;
		const char *want; /* NULL: refused */
	} cases[] = {
		{"https://tickets.example.com", "tickets.example.com"},
		{"https://tickets.example.com/", "tickets.example.com"},
		{"http://127.0.0.1:8080/x?y#z", "127.0.0.1"},
		{"smtp://mail", "mail"},
		{"smtps://[::1]:465", "[::1]"},
		{"tickets.example.com", NULL},
		{"https://", NULL},
		{"https:///path", NULL},
		{"https://:8080", NULL},
		{"https://name:password@example.com", NULL},
		{"https://exa mple.com", NULL},
		{"https://exam\"ple.com", NULL},
		{"https://[::1", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char host[DOMAIN_BYTES];
		assert_int_equal(settings_url_host(host, cases[i].url), cases[i].want != NULL);
		if (cases[i].want != NULL) {
			assert_string_equal(host, cases[i].want);
		}
	}
}

static void senders_are_taken_apart(void **state) {
	(void)state;
	static const struct {
		const char *from;
		const char *name; /* NULL: refused */
		const char *address;
	} cases[] = {
		{"a@example.com", "", "a@example.com"},
		{"Firstcome <a@example.com>", "Firstcome", "a@example.com"},
		{"The Burger Co <a@example.com>", "The Burger Co", "a@example.com"},
		{"बर्गर<a@example.com>", "बर्गर", "a@example.com"},
		{"<a@example.com>", "", "a@example.com"},
		{"", NULL, NULL},
		{"Firstcome", NULL, NULL},
		{"Firstcome <a@example.com", NULL, NULL},
		{"Firstcome <a@example.com> x", NULL, NULL},
		{"a@example.com, b@example.com", NULL, NULL},
		{"x \xff <a@example.com>", NULL, NULL},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char name[NAME_BYTES_MAX + 1];
		char address[CONTACT_BYTES_MAX + 1];
		bool read = settings_read_from(cases[i].from, name, address);
		assert_int_equal(read, cases[i].name != NULL);
		if (read) {
			assert_string_equal(name, cases[i].name);
			assert_string_equal(address, cases[i].address);
		}
	}
}

static void loopback_is_known(void **state) {
	(void)state;
	assert_true(settings_is_loopback("localhost"));
	assert_true(settings_is_loopback("127.0.0.1"));
	assert_true(settings_is_loopback("[::1]"));
	assert_false(settings_is_loopback("127.example.com"));
	assert_false(settings_is_loopback("example.com"));
	assert_false(settings_is_loopback("localhost.example.com"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_cut_out_of_urls),
		cmocka_unit_test(senders_are_taken_apart),
		cmocka_unit_test(loopback_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
