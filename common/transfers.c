/*
 * transfers - the queues between the threads, and the life of libcurl's handles.
 */
#include "common/transfers.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>
#include <uv.h>

#include "common/log.h"
#include "common/memory.h"

/* A mail server may close what was idle for long; a connection this old is not used again. */
#define IDLE_SECONDS_MAX 30L
/* libcurl with TLS and a resolver needs less than half of it. */
#define STACK_BYTES (512u << 10)

/* A transfer, its connection and its thread, made at the start: one for each connection, and one
 * more, so that a handler can start the next transfer while it still looks at the last. */
struct slot {
	struct transfer transfer; /* first: the caller's pointer is ours */
	struct slot *next;
	struct transfers *transfers;
	pthread_t thread;
	pthread_cond_t wake; /* with the lock of transfers: started or stopping */
	bool started;
	CURL *easy;
	struct curl_slist *list; /* recipients or headers, while under way */
	size_t sent;             /* SMTP: bytes of the body that libcurl has read */
	char trouble[CURL_ERROR_SIZE];
	struct transfer_reply reply;
};

struct slots {
	struct slot *first;
	struct slot **end;
};

struct transfers {
	struct transfers_options options;
	transfers_handler handler;
	void *owner;
	uv_async_t wake;
	struct slot *all;
	uint32_t all_count;
	struct slot *free;    /* loop thread only; last used, first taken: its connection is warm */
	pthread_mutex_t lock; /* of started in each slot, and of everything below */
	struct slots finished;
	bool stopping;
	int sockets[(TRANSFERS_CONNECTIONS_MAX + 1) * 2]; /* open ones, to be shut when stopping */
	size_t sockets_count;
};

static void slots_init(struct slots *slots) {
	slots->first = NULL;
	slots->end = &slots->first;
}

static void slots_push(struct slots *slots, struct slot *slot) {
	slot->next = NULL;
	*slots->end = slot;
	slots->end = &slot->next;
}

static struct slot *slots_take_all(struct slots *slots) {
	struct slot *first = slots->first;
	slots_init(slots);
	return first;
}

static void require(bool done, const char *what) {
	if (!done) {
		log_fatal(EX_OSERR, "libcurl_refused",
			"call=%s hint=\"is this the libcurl of this Debian, with SMTP and HTTP?\"",
			what);
	}
}

/* ---- what libcurl asks, on a slot's thread --------------------------------------------------- */

static size_t on_read(char *target, size_t size, size_t count, void *context) {
	struct slot *slot = context;
	size_t left = slot->transfer.body_size - slot->sent;
	size_t wanted = size * count < left ? size * count : left;
	memcpy(target, slot->transfer.body + slot->sent, wanted);
	slot->sent += wanted;
	return wanted;
}

static void forget_words(struct transfer_reply *reply) {
	reply->words[0] = '\0';
	reply->words_size = 0;
	reply->words_are_cut = false;
}

static void keep_words(struct slot *slot, const char *bytes, size_t size) {
	struct transfer_reply *reply = &slot->reply;
	size_t room = sizeof reply->words - 1 - reply->words_size;
	size_t kept = size < room ? size : room;
	memcpy(reply->words + reply->words_size, bytes, kept);
	reply->words_size += kept;
	reply->words[reply->words_size] = '\0';
	reply->words_are_cut |= kept < size;
}

/* The content of an HTTP answer. What is longer than we keep is read and dropped. */
static size_t on_write(char *bytes, size_t size, size_t count, void *context) {
	keep_words(context, bytes, size * count);
	return size * count;
}

/* A line of an SMTP server. Only the newest counts, but not the answer to libcurl's QUIT. */
static size_t on_line(char *line, size_t size, size_t count, void *context) {
	struct slot *slot = context;
	size_t length = size * count;
	if (length >= 3 && memcmp(line, "221", 3) != 0) {
		forget_words(&slot->reply);
		keep_words(slot, line, length);
	}
	return length;
}

static int on_socket_open(void *context, curl_socket_t fd, curlsocktype purpose) {
	struct transfers *transfers = context;
	(void)purpose;
	int result = CURL_SOCKOPT_ERROR;
	pthread_mutex_lock(&transfers->lock);
	size_t capacity = sizeof transfers->sockets / sizeof transfers->sockets[0];
	if (!transfers->stopping && transfers->sockets_count < capacity) {
		transfers->sockets[transfers->sockets_count++] = fd;
		result = CURL_SOCKOPT_OK;
	}
	pthread_mutex_unlock(&transfers->lock);
	return result;
}

static int on_socket_close(void *context, curl_socket_t fd) {
	struct transfers *transfers = context;
	pthread_mutex_lock(&transfers->lock);
	for (size_t i = 0; i < transfers->sockets_count; i++) {
		if (transfers->sockets[i] == fd) {
			transfers->sockets[i] = transfers->sockets[--transfers->sockets_count];
			break;
		}
	}
	pthread_mutex_unlock(&transfers->lock);
	return close(fd);
}

/* ---- one transfer, on its slot's thread ------------------------------------------------------ */

static bool is_mail(const struct transfers *transfers) {
	return strncasecmp(transfers->options.url, "smtp", 4) == 0;
}

static void append_to_list(struct slot *slot, const char *text) {
	struct curl_slist *longer = curl_slist_append(slot->list, text);
	require(longer != NULL, "curl_slist_append");
	slot->list = longer;
}

static void set_mail_message(struct slot *slot) {
	append_to_list(slot, slot->transfer.recipient);
	curl_easy_setopt(slot->easy, CURLOPT_MAIL_RCPT, slot->list);
	curl_easy_setopt(
		slot->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)slot->transfer.body_size);
}

static void set_body(struct slot *slot) {
	const struct transfer *transfer = &slot->transfer;
	if (transfer->body_size == 0) {
		curl_easy_setopt(slot->easy, CURLOPT_HTTPGET, 1L);
		return;
	}
	if (transfer->content_type[0] != '\0') {
		char line[TRANSFER_TYPE_BYTES + 16];
		snprintf(line, sizeof line, "Content-Type: %s", transfer->content_type);
		append_to_list(slot, line);
	}
	curl_easy_setopt(slot->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, transfer->body);
	curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body_size);
}

static void set_request(struct slot *slot) {
	const struct transfer *transfer = &slot->transfer;
	char url[TRANSFER_URL_BYTES + TRANSFER_PATH_BYTES];
	snprintf(url, sizeof url, "%s%s", slot->transfers->options.url, transfer->path);
	curl_easy_setopt(slot->easy, CURLOPT_URL, url); /* copied */
	append_to_list(slot, "Expect:");                /* no waiting for 100-continue */
	if (transfer->header[0] != '\0') {
		append_to_list(slot, transfer->header);
	}
	set_body(slot);
	curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->list);
}

static CURLcode perform(struct slot *slot, bool on_fresh_connection) {
	slot->sent = 0;
	slot->trouble[0] = '\0';
	forget_words(&slot->reply);
	curl_easy_setopt(slot->easy, CURLOPT_FRESH_CONNECT, on_fresh_connection ? 1L : 0L);
	return curl_easy_perform(slot->easy);
}

static long info_long(CURL *easy, CURLINFO what) {
	long value = 0;
	curl_easy_getinfo(easy, what, &value);
	return value;
}

static curl_off_t info_offset(CURL *easy, CURLINFO what) {
	curl_off_t value = 0;
	curl_easy_getinfo(easy, what, &value);
	return value;
}

/* At which point of the SMTP dialogue the server refused. */
static enum transfer_stage refused_stage(const struct slot *slot, CURLcode code, bool uploaded) {
	if (code == CURLE_LOGIN_DENIED || (code == CURLE_WEIRD_SERVER_REPLY && !uploaded)) {
		return TRANSFER_UNREACHED; /* login, greeting */
	}
	/* libcurl's words are the only thing that tells MAIL from RCPT. */
	bool is_sender = strncmp(slot->trouble, "MAIL failed", strlen("MAIL failed")) == 0;
	return is_sender ? TRANSFER_SENDER_REFUSED : TRANSFER_ANSWERED;
}

static void fill_reply(struct slot *slot, CURLcode code) {
	struct transfer_reply *reply = &slot->reply;
	bool uploaded = info_offset(slot->easy, CURLINFO_SIZE_UPLOAD_T) > 0;
	reply->status = (int)info_long(slot->easy, CURLINFO_RESPONSE_CODE);
	reply->retry_after_seconds = (int64_t)info_offset(slot->easy, CURLINFO_RETRY_AFTER);
	if (code == CURLE_OK) {
		reply->stage = TRANSFER_ANSWERED;
	} else if (reply->status >= 400) {
		reply->stage = refused_stage(slot, code, uploaded);
	} else {
		/* A positive status was the answer to an earlier command. */
		reply->status = 0;
		reply->stage = uploaded ? TRANSFER_UNSURE : TRANSFER_UNREACHED;
		snprintf(reply->words, sizeof reply->words, "%s",
			slot->trouble[0] != '\0' ? slot->trouble : curl_easy_strerror(code));
	}
}

/* The server had closed the connection that we kept: nobody's failure, so once more on a new one. */
static bool was_stale(const struct slot *slot, CURLcode code) {
	bool broke =
		code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
	return broke && slot->reply.stage == TRANSFER_UNREACHED &&
	       info_long(slot->easy, CURLINFO_NUM_CONNECTS) == 0;
}

static void transfer_now(struct slot *slot) {
	if (is_mail(slot->transfers)) {
		set_mail_message(slot);
	} else {
		set_request(slot);
	}
	CURLcode code = perform(slot, false);
	fill_reply(slot, code);
	if (was_stale(slot, code)) {
		code = perform(slot, true);
		fill_reply(slot, code);
	}
	curl_slist_free_all(slot->list);
	slot->list = NULL;
}

/* ---- a slot's thread ------------------------------------------------------------------------- */

/* False when it is time to end. */
static bool await_start(struct slot *slot) {
	struct transfers *transfers = slot->transfers;
	pthread_mutex_lock(&transfers->lock);
	while (!slot->started && !transfers->stopping) {
		pthread_cond_wait(&slot->wake, &transfers->lock);
	}
	bool stopping = transfers->stopping;
	pthread_mutex_unlock(&transfers->lock);
	return !stopping;
}

static void hand_over(struct slot *slot) {
	struct transfers *transfers = slot->transfers;
	pthread_mutex_lock(&transfers->lock);
	slot->started = false;
	slots_push(&transfers->finished, slot);
	pthread_mutex_unlock(&transfers->lock);
	uv_async_send(&transfers->wake);
}

static void *run(void *context) {
	struct slot *slot = context;
	while (await_start(slot)) {
		transfer_now(slot);
		hand_over(slot);
	}
	return NULL;
}

/* ---- the loop thread ------------------------------------------------------------------------- */

static void on_wake(uv_async_t *wake) {
	struct transfers *transfers = wake->data;
	pthread_mutex_lock(&transfers->lock);
	struct slot *slot = slots_take_all(&transfers->finished);
	pthread_mutex_unlock(&transfers->lock);
	while (slot != NULL) {
		struct slot *next = slot->next;
		transfers->handler(transfers->owner, &slot->transfer, &slot->reply);
		transfers_give_back(transfers, &slot->transfer);
		slot = next;
	}
}

struct transfer *transfers_take(struct transfers *transfers) {
	struct slot *slot = transfers->free;
	if (slot == NULL) {
		return NULL;
	}
	transfers->free = slot->next;
	struct transfer *transfer = &slot->transfer;
	transfer->recipient[0] = '\0';
	transfer->path[0] = '\0';
	transfer->header[0] = '\0';
	transfer->content_type[0] = '\0';
	transfer->body_size = 0;
	return transfer;
}

void transfers_give_back(struct transfers *transfers, struct transfer *transfer) {
	struct slot *slot = (struct slot *)transfer;
	slot->next = transfers->free;
	transfers->free = slot;
}

void transfers_start(struct transfers *transfers, struct transfer *transfer) {
	struct slot *slot = (struct slot *)transfer;
	pthread_mutex_lock(&transfers->lock);
	slot->started = true;
	pthread_cond_signal(&slot->wake);
	pthread_mutex_unlock(&transfers->lock);
}

/* ---- life ------------------------------------------------------------------------------------ */

void transfers_init(void) {
	require(curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK, "curl_global_init");
}

static void set_common(struct slot *slot) {
	struct transfers *transfers = slot->transfers;
	const struct transfers_options *options = &transfers->options;
	CURL *easy = slot->easy;
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->trouble);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TRANSFERS_SECONDS_MAX * 1000L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, TRANSFERS_ANSWER_SECONDS * 1000L);
	curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)TRANSFERS_ANSWER_SECONDS);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_SECONDS_MAX);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_open);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfers);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_socket_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, transfers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	if (options->user != NULL) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, options->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, options->password);
	}
}

static void set_mail(struct slot *slot) {
	const struct transfers_options *options = &slot->transfers->options;
	CURL *easy = slot->easy;
	curl_easy_setopt(easy, CURLOPT_URL, options->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, options->mail_from);
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
		(long)(options->tls_required ? CURLUSESSL_ALL : CURLUSESSL_TRY));
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, slot);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
}

static void set_http(struct slot *slot) {
	assert(strlen(slot->transfers->options.url) < TRANSFER_URL_BYTES);
	curl_easy_setopt(slot->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(slot->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
}

static void create_slot(struct transfers *transfers, struct slot *slot) {
	slot->transfers = transfers;
	slot->easy = curl_easy_init();
	require(slot->easy != NULL, "curl_easy_init");
	set_common(slot);
	if (is_mail(transfers)) {
		set_mail(slot);
	} else {
		set_http(slot);
	}
	pthread_cond_init(&slot->wake, NULL);
	transfers_give_back(transfers, &slot->transfer);
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	require(pthread_create(&slot->thread, &attributes, run, slot) == 0, "pthread_create");
	pthread_attr_destroy(&attributes);
}

struct transfers *transfers_create(struct uv_loop_s *loop, const struct transfers_options *options,
	transfers_handler handler, void *owner) {
	assert(options->connections > 0 && options->connections <= TRANSFERS_CONNECTIONS_MAX);
	struct transfers *transfers = memory_new(sizeof *transfers);
	transfers->options = *options;
	transfers->handler = handler;
	transfers->owner = owner;
	slots_init(&transfers->finished);
	pthread_mutex_init(&transfers->lock, NULL);
	require(uv_async_init(loop, &transfers->wake, on_wake) == 0, "uv_async_init");
	transfers->wake.data = transfers;
	transfers->all_count = options->connections + 1;
	transfers->all = memory_new(transfers->all_count * sizeof *transfers->all);
	for (uint32_t i = 0; i < transfers->all_count; i++) {
		create_slot(transfers, &transfers->all[i]);
	}
	return transfers;
}

static void on_wake_closed(uv_handle_t *wake) {
	struct transfers *transfers = wake->data;
	free(transfers->all);
	free(transfers);
}

/* Shuts every connection, so that neither a transfer nor a QUIT keeps a thread waiting. */
static void stop_threads(struct transfers *transfers) {
	pthread_mutex_lock(&transfers->lock);
	transfers->stopping = true;
	for (size_t i = 0; i < transfers->sockets_count; i++) {
		shutdown(transfers->sockets[i], SHUT_RDWR);
	}
	for (uint32_t i = 0; i < transfers->all_count; i++) {
		pthread_cond_signal(&transfers->all[i].wake);
	}
	pthread_mutex_unlock(&transfers->lock);
	for (uint32_t i = 0; i < transfers->all_count; i++) {
		pthread_join(transfers->all[i].thread, NULL);
	}
}

void transfers_destroy(struct transfers *transfers) {
	if (transfers == NULL) {
		return;
	}
	stop_threads(transfers);
	for (uint32_t i = 0; i < transfers->all_count; i++) {
		curl_easy_cleanup(transfers->all[i].easy);
		pthread_cond_destroy(&transfers->all[i].wake);
	}
	pthread_mutex_destroy(&transfers->lock);
	uv_close((uv_handle_t *)&transfers->wake, on_wake_closed);
}
