/*
 * story - plays stories: requests in, decisions out, one line each, and checks every word of them.
 *
 *	campaign units=2 each=1 price=100 hold=60 waiting=5 cancellable both opens=10 closes=99
 *	start | pause | resume | close | tick | garbage
 *	book NAME [xUNITS] [key=KEY], NAME ...		NAME&OTHER: one person with two contacts
 *	cancel NAME #NUMBER, ...
 *	pay #NUMBER PAYMENT PAISE, ...			fail #NUMBER PAYMENT, ...
 *
 * Each is followed by "-> ANSWER, ANSWER", then, where there is something to say, by "| COUNTERS" and
 * "; EFFECTS". "@SECONDS" in front sets the log time. Each line is one message in the line. Every
 * decision is made by the core and by the referee, which must agree, and goes through the wire format.
 *
 *	story FILE...	prints the first line that went otherwise, and what it should say
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/comparison.h"
#include "cli/referee.h"
#include "common/crypto.h"
#include "sequencer/core/campaign.h"
#include "sequencer/tables.h"

#define LINE_BYTES 512
#define EPOCH_MS INT64_C(1700000000000)

struct story {
	struct campaign campaign;
	struct tables tables;
	struct referee *referee;
	struct definition definition;
	struct request request;
	struct decision decided;
	struct decision refereed;
	struct decision decoded;
	uint8_t bytes[DECISION_BYTES_MAX];
	bool readable;
	bool defines;
	int64_t time_ms;
	uint32_t wishes; /* so far: each has a key of its own unless it names one */
};

static void hash_name(void *target, const char *purpose, const char *name) {
	uint8_t hash[32];
	const struct part parts[] = {
		{purpose, strlen(purpose) + 1},
		{name, strlen(name)},
	};
	crypto_digest(hash, sizeof hash, parts, 2);
	memcpy(target, hash, 16);
}

static void read_person(struct person *person, char *names) {
	char *second = strchr(names, '&');
	if (second != NULL) {
		*second++ = '\0';
		hash_name(&person->identities[1], "identity", second);
	}
	hash_name(&person->identities[0], "identity", names);
	hash_name(&person->account, "account", names);
	person->identities_count = second == NULL ? 1 : 2;
}

static void read_wish(struct story *story, char *words, struct book_request *wish) {
	char key[32];
	snprintf(key, sizeof key, "wish %u", story->wishes++);
	char *save;
	char *word = strtok_r(words, " ", &save);
	read_person(&wish->person, word);
	wish->units = 1;
	while ((word = strtok_r(NULL, " ", &save)) != NULL) {
		if (word[0] == 'x') {
			wish->units = (uint8_t)atoi(word + 1);
		} else {
			assert(strncmp(word, "key=", 4) == 0);
			snprintf(key, sizeof key, "%s", word + 4);
		}
	}
	hash_name(&wish->key, "key", key);
}

static void read_cancel(char *words, struct cancel_request *cancel) {
	char *save;
	read_person(&cancel->person, strtok_r(words, " ", &save));
	cancel->number = (uint32_t)atoi(strtok_r(NULL, " ", &save) + 1);
}

static void read_payment(char *words, enum payment_outcome outcome, struct pay_request *pay) {
	char *save;
	pay->outcome = outcome;
	pay->number = (uint32_t)atoi(strtok_r(words, " ", &save) + 1);
	hash_name(&pay->payment, "payment", strtok_r(NULL, " ", &save));
	char *amount = strtok_r(NULL, " ", &save);
	pay->amount_paise = amount == NULL ? 0 : (uint64_t)atoll(amount);
}

static void read_entries(struct story *story, const char *verb, char *rest) {
	struct request *request = &story->request;
	char *save;
	for (char *words = strtok_r(rest, ",", &save); words != NULL;
		words = strtok_r(NULL, ",", &save)) {
		uint16_t i = request->count++;
		if (strcmp(verb, "book") == 0) {
			request->kind = MESSAGE_BOOK;
			read_wish(story, words, &request->book[i]);
		} else if (strcmp(verb, "cancel") == 0) {
			request->kind = MESSAGE_CANCEL;
			read_cancel(words, &request->cancel[i]);
		} else {
			bool captured = strcmp(verb, "pay") == 0;
			assert(captured || strcmp(verb, "fail") == 0);
			request->kind = MESSAGE_PAY;
			read_payment(words, captured ? PAYMENT_CAPTURED : PAYMENT_FAILED,
				&request->pay[i]);
		}
	}
}

static int64_t moment(const char *seconds) {
	return EPOCH_MS + (int64_t)(strtod(seconds, NULL) * 1000);
}

static void read_definition(struct story *story, char *rest) {
	static const char json[] = "{}";
	struct definition *definition = &story->definition;
	*definition = (struct definition){
		.id = "story",
		.units = 1,
		.units_per_person = 1,
		.rules = RULES_NEWEST,
		.opens_by_command = true,
		.closes_by_command = true,
		.verification = VERIFICATION_EITHER,
	};
	char *save;
	for (char *word = strtok_r(rest, " ", &save); word != NULL;
		word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');
		uint32_t number = value == NULL ? 0 : (uint32_t)atoi(value + 1);
		if (strncmp(word, "units=", 6) == 0) {
			definition->units = number;
		} else if (strncmp(word, "each=", 5) == 0) {
			definition->units_per_person = number;
		} else if (strncmp(word, "price=", 6) == 0) {
			definition->price_paise = number;
		} else if (strncmp(word, "hold=", 5) == 0) {
			definition->hold_seconds = number;
		} else if (strncmp(word, "waiting=", 8) == 0) {
			definition->waiting_list = number;
		} else if (strncmp(word, "opens=", 6) == 0) {
			definition->opens_by_command = false;
			definition->opens_at_ms = moment(value + 1);
		} else if (strncmp(word, "closes=", 7) == 0) {
			definition->closes_by_command = false;
			definition->closes_at_ms = moment(value + 1);
		} else if (strcmp(word, "cancellable") == 0) {
			definition->cancellable = true;
		} else {
			assert(strcmp(word, "both") == 0);
			definition->verification = VERIFICATION_BOTH;
		}
	}
	story->defines = true;
	story->request.kind = MESSAGE_DEFINE;
	story->request.define = (struct define_request){
		.ordinal = 1,
		.json = json,
		.json_size = sizeof json - 1,
	};
}

static void read_request(struct story *story, char *line) {
	static const char *const commands[] = {"", "start", "pause", "resume", "close"};
	struct request *request = &story->request;
	memset(request, 0, sizeof *request);
	story->readable = true;
	story->defines = false;
	request->n = story->campaign.n + 1;
	char *save;
	char *verb = strtok_r(line, " ", &save);
	if (verb[0] == '@') {
		story->time_ms = moment(verb + 1);
		verb = strtok_r(NULL, " ", &save);
	}
	request->time_ms = story->time_ms;
	for (enum control_command c = CONTROL_START; c <= CONTROL_CLOSE; c++) {
		if (strcmp(verb, commands[c]) == 0) {
			request->kind = MESSAGE_CONTROL;
			request->command = c;
			return;
		}
	}
	if (strcmp(verb, "campaign") == 0) {
		read_definition(story, save);
	} else if (strcmp(verb, "tick") == 0) {
		request->kind = MESSAGE_TICK;
	} else if (strcmp(verb, "garbage") == 0) {
		story->readable = false;
	} else {
		read_entries(story, verb, save);
	}
}

static void tell_answer(struct text *text, const struct answer *answer) {
	text_append(text, verdict_name(answer->verdict));
	if (answer->number != 0) {
		text_append(text, " #");
		text_append_u64(text, answer->number);
	}
	if (answer->rank != 0) {
		text_append(text, " rank ");
		text_append_u64(text, answer->rank);
	}
	if (answer->pay_by_ms != 0) {
		text_append(text, " until @");
		text_append_i64(text, (answer->pay_by_ms - EPOCH_MS) / 1000);
	}
	if (answer->repeated) {
		text_append(text, " again");
	}
}

static void tell_counters(struct text *text, const struct decision *decision) {
	const struct counters *counters = &decision->counters;
	text_append(text, " | ");
	text_append_u64(text, counters->available);
	text_append(text, " left");
	const struct {
		const char *name;
		uint32_t value;
	} others[] = {
		{"held", counters->held}, {"sold", counters->sold}, {"waiting", counters->waiting}};
	for (size_t i = 0; i < 3; i++) {
		if (others[i].value > 0) {
			text_append_char(text, ' ');
			text_append_u64(text, others[i].value);
			text_append_char(text, ' ');
			text_append(text, others[i].name);
		}
	}
}

static void tell_effects(struct text *text, const struct decision *decision) {
	static const char *const names[] = {"", "released", "promoted", "promoted to a hold"};
	for (uint32_t i = 0; i < decision->effects_count; i++) {
		const struct effect *effect = &decision->effects[i];
		text_append(text, i == 0 ? " ; " : ", ");
		text_append(text, names[effect->kind]);
		text_append(text, " #");
		text_append_u64(text, effect->number);
	}
}

/* The decision in the words of a story. */
static void tell(struct text *text, const struct decision *decision) {
	for (uint32_t i = 0; i < decision->count; i++) {
		if (i > 0) {
			text_append(text, ", ");
		}
		tell_answer(text, &decision->answers[i]);
	}
	tell_counters(text, decision);
	tell_effects(text, decision);
}

static void decide(struct story *story) {
	const struct definition *definition = story->defines ? &story->definition : NULL;
	struct request *request = &story->request;
	if (!story->readable) {
		campaign_step_unreadable(
			&story->campaign, request->n, request->time_ms, &story->decided);
		referee_decide_unreadable(
			story->referee, request->n, request->time_ms, &story->refereed);
		return;
	}
	struct campaign_capacity capacity = campaign_capacity(&story->campaign, definition);
	tables_provide(&story->tables, &story->campaign, &capacity);
	campaign_step(&story->campaign, request, definition, &story->decided);
	referee_decide(story->referee, request, definition, &story->refereed);
}

/* Whatever became of a payment, its answer says which one it is about. */
static bool names_its_payments(const struct story *story, struct text *problem) {
	const struct request *request = &story->request;
	for (uint32_t i = 0; request->kind == MESSAGE_PAY && i < request->count; i++) {
		const struct answer *answer = &story->decided.answers[i];
		const struct pay_request *pay = &request->pay[i];
		if (answer->number != pay->number ||
			memcmp(&answer->payment, &pay->payment, sizeof pay->payment) != 0) {
			text_append(problem, "an answer does not name its payment");
			return false;
		}
	}
	return true;
}

static bool goes_over_the_wire(struct story *story, struct text *problem) {
	size_t size = decision_encode_body(
		&story->decided, story->bytes, sizeof story->bytes - DIGEST_BYTES);
	memset(story->bytes + size, 0, DIGEST_BYTES);
	if (size == 0 || !decision_decode(&story->decoded, story->bytes, size + DIGEST_BYTES)) {
		text_append(problem, "the decision does not survive the wire format");
		return false;
	}
	return comparison_equal(&story->decided, &story->decoded, problem);
}

/* Plays one line; false, with the problem told, if it went otherwise. */
static bool play(struct story *story, char *line, struct text *problem) {
	char *expected = strstr(line, "->");
	assert(expected != NULL);
	*expected = '\0';
	expected += strspn(expected + 1, "> ") + 1;
	read_request(story, line);
	decide(story);
	char buffer[LINE_BYTES];
	struct text told = text_init(buffer, sizeof buffer);
	tell(&told, &story->decided);
	if (strcmp(told.start, expected) != 0) {
		text_append(problem, "decided: ");
		text_append(problem, told.start);
		return false;
	}
	if (!comparison_equal(&story->refereed, &story->decided, problem)) {
		text_append(problem, " (says the referee)");
		return false;
	}
	return names_its_payments(story, problem) && goes_over_the_wire(story, problem);
}

static bool play_file(struct story *story, const char *path) {
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		perror(path);
		return false;
	}
	memset(story, 0, sizeof *story);
	campaign_init(&story->campaign);
	tables_init(&story->tables);
	story->referee = referee_create();
	story->time_ms = EPOCH_MS;
	char line[LINE_BYTES];
	char buffer[LINE_BYTES];
	bool good = true;
	for (int number = 1; good && fgets(line, sizeof line, file) != NULL; number++) {
		line[strcspn(line, "#\n") == 0 ? 0 : strcspn(line, "\n")] = '\0';
		if (line[0] == '\0') {
			continue;
		}
		struct text problem = text_init(buffer, sizeof buffer);
		good = play(story, line, &problem);
		if (!good) {
			printf("%s:%d: %s\n", path, number, problem.start);
		}
	}
	fclose(file);
	tables_finish(&story->tables);
	referee_destroy(story->referee);
	return good;
}

int main(int argc, char **argv) {
	crypto_init();
	struct story *story = calloc(1, sizeof *story);
	assert(story != NULL);
	int failures = 0;
	for (int i = 1; i < argc; i++) {
		failures += play_file(story, argv[i]) ? 0 : 1;
	}
	free(story);
	return failures > 0;
}
