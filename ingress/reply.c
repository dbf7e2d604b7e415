/*
 * reply - the last step of every call.
 */
#include "ingress/reply.h"

#include <assert.h>

#include "common/crypto.h"
#include "ingress/measures.h"
#include "ingress/server.h"

void reply_send(const struct call *call, const struct http_response *response) {
	assert(response->status >= 100 && response->status <= 599);
	ingress_measures.responses[call->route][response->status / 100]++;
	exchange_answer(call->exchange, response);
}

void reply_json(const struct call *call, const struct text *body) {
	assert(!body->failed);
	reply_send(call, &(struct http_response){
				 .status = 200,
				 .content_type = REPLY_JSON,
				 .body = body->start,
				 .body_size = body->used,
			 });
}

void reply_cacheable(const struct call *call, const struct text *body, const char *etag) {
	assert(!body->failed);
	struct http_response response = {
		.status = 200,
		.content_type = REPLY_JSON,
		.cache_control = "public, max-age=1",
		.etag = etag,
		.body = body->start,
		.body_size = body->used,
	};
	if (http_etag_matches(exchange_request(call->exchange)->if_none_match, etag)) {
		response.status = 304;
		response.content_type = NULL;
		response.body_size = 0;
	}
	reply_send(call, &response);
}

int reply_spread(int seconds) {
	int at_least = seconds < 1 ? 1 : seconds;
	return at_least + (int)crypto_random_below((uint32_t)at_least + 1);
}
