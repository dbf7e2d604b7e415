/*
 * files_test - the page in memory: types, compression, tags, and what is not served.
 */
#include "ingress/files.h"

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "common/log.h"
#include "common/pure/text.h"

#define LETTERS 5000

static char folder[] = "/tmp/files_test.XXXXXX";
static struct files *files;

static void path_of(char path[128], const char *name) {
	snprintf(path, 128, "%s/%s", folder, name);
}

static void put(const char *name, const char *bytes, size_t size) {
	char path[128];
	path_of(path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static const char *const names[] = {
	"index.html", "app.js", "noise.png", "empty.css", ".hidden.html", "README.md", "large.txt"};

static int load(void **state) {
	(void)state;
	static char letters[FILE_BYTES_MAX + 1];
	char noise[64];
	char path[128];
	memset(letters, 'x', sizeof(letters));
	for (size_t i = 0; i < sizeof(noise); i++) {
		noise[i] = (char)(i * 167 + 13);
	}
	assert_non_null(mkdtemp(folder));
	put("index.html", "<p>", 3);
	put("app.js", letters, LETTERS);
	put("noise.png", noise, sizeof(noise));
	put("empty.css", "", 0);
	put(".hidden.html", "secret", 6);
	put("README.md", "of no known type", 16);
	put("large.txt", letters, sizeof(letters));
	path_of(path, "inner.js");
	assert_int_equal(mkdir(path, 0700), 0);
	log_init("files_test", LOG_FATAL, LOG_FORMAT_TEXT);
	files = files_load(folder);
	return 0;
}

static int remove_all(void **state) {
	(void)state;
	char path[128];
	files_free(files);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		path_of(path, names[i]);
		assert_int_equal(unlink(path), 0);
	}
	path_of(path, "inner.js");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

static struct http_slice slice(const char *text) {
	return (struct http_slice){text, text == NULL ? 0 : strlen(text)};
}

static bool respond(
	const char *path, const char *encoding, const char *tag, struct http_response *response) {
	const struct http_request request = {
		.method = HTTP_GET,
		.path = slice(path),
		.accept_encoding = slice(encoding),
		.if_none_match = slice(tag),
	};
	return files_respond(files, &request, response);
}

static void serves_files_with_their_types(void **state) {
	(void)state;
	static const struct {
		const char *path;
		const char *content_type;
		size_t size;
	} rows[] = {
		{"/", "text/html; charset=utf-8", 3},
		{"/index.html", "text/html; charset=utf-8", 3},
		{"/app.js", "text/javascript; charset=utf-8", LETTERS},
		{"/noise.png", "image/png", 64},
		{"/empty.css", "text/css; charset=utf-8", 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_response response;
		assert_true(respond(rows[i].path, NULL, NULL, &response));
		assert_int_equal(response.status, 200);
		assert_string_equal(response.content_type, rows[i].content_type);
		assert_int_equal(response.body_size, rows[i].size);
		assert_null(response.content_encoding);
		assert_string_equal(response.cache_control, "no-cache");
		assert_string_equal(response.vary, "Accept-Encoding");
	}
}

static void serves_nothing_else(void **state) {
	(void)state;
	const char *const paths[] = {"/.hidden.html", "/README.md", "/large.txt", "/inner.js",
		"/..", "//", "/../etc/passwd", "/index.html/", "/INDEX.html", "/index",
		"/%69ndex.html", "/."};
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct http_response response;
		assert_false(respond(paths[i], NULL, NULL, &response));
	}
}

static void compresses_what_gets_shorter(void **state) {
	(void)state;
	struct http_response response;
	unsigned char letters[LETTERS + 1];
	z_stream stream = {0};
	assert_true(respond("/app.js", "gzip, br", NULL, &response));
	assert_string_equal(response.content_encoding, "gzip");
	assert_true(response.body_size < 100);

	stream.next_in = (Bytef *)response.body;
	stream.avail_in = (uInt)response.body_size;
	stream.next_out = letters;
	stream.avail_out = sizeof(letters);
	assert_int_equal(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, LETTERS);
	assert_int_equal(letters[LETTERS - 1], 'x');
	inflateEnd(&stream);

	assert_true(respond("/noise.png", "gzip", NULL, &response));
	assert_null(response.content_encoding);
	assert_true(respond("/app.js", "gzip;q=0", NULL, &response));
	assert_null(response.content_encoding);
}

static void names_each_form_with_its_own_tag(void **state) {
	(void)state;
	struct http_response plain;
	struct http_response compressed;
	struct http_response again;
	assert_true(respond("/app.js", NULL, NULL, &plain));
	assert_true(respond("/app.js", "gzip", NULL, &compressed));
	assert_string_not_equal(plain.etag, compressed.etag);
	assert_int_equal(strlen(plain.etag), 34);

	assert_true(respond("/app.js", "gzip", compressed.etag, &again));
	assert_int_equal(again.status, 304);
	assert_int_equal(again.body_size, 0);
	assert_string_equal(again.etag, compressed.etag);
	assert_true(respond("/app.js", "gzip", plain.etag, &again));
	assert_int_equal(again.status, 200);
	assert_true(respond("/", NULL, plain.etag, &again));
	assert_int_equal(again.status, 200);
}

static void refuses_other_methods(void **state) {
	(void)state;
	const struct http_request request = {.method = HTTP_POST, .path = slice("/")};
	struct http_response response;
	assert_true(files_respond(files, &request, &response));
	assert_int_equal(response.status, 405);
	assert_string_equal(response.allow, "GET, HEAD");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serves_files_with_their_types),
		cmocka_unit_test(serves_nothing_else),
		cmocka_unit_test(compresses_what_gets_shorter),
		cmocka_unit_test(names_each_form_with_its_own_tag),
		cmocka_unit_test(refuses_other_methods),
	};
	return cmocka_run_group_tests(tests, load, remove_all);
}
