#include "notifier/outcome.h"

#include <ctype.h>
#include <string.h>

#include "common/pure/reason.h"
#include "common/pure/text.h"

void outcome_set_error(struct send_result *result, const char *words) {
	struct text text = text_init(result->error, sizeof result->error);
	reason_append_words(&text, words);
}

void outcome_set_provider_id(struct send_result *result, const char *id) {
	size_t size = 0;
	while (size < sizeof result->provider_id - 1 &&
		(isalnum((unsigned char)id[size]) || strchr("-_.", id[size]) != NULL) &&
		id[size] != '\0') {
		result->provider_id[size] = id[size];
		size++;
	}
	result->provider_id[size] = '\0';
}
