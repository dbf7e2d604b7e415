#include "ingress/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <zlib.h>

#include "common/crypto.h"
#include "common/log.h"
#include "common/pure/text.h"

#define FILE_NAME_BYTES_MAX 64u
#define TAG_BYTES 16u
/* The quotes, "-gzip", the NUL. */
#define TAG_TEXT_BYTES (TAG_BYTES * 2 + 8)

struct representation {
	char *bytes; /* NULL: there is none */
	size_t size;
	char etag[TAG_TEXT_BYTES];
};

struct file {
	char name[FILE_NAME_BYTES_MAX + 1];
	const char *content_type;
	struct representation plain;
	struct representation compressed;
};

struct files {
	size_t count;
	struct file files[FILES_MAX];
};

static const char *content_type_of(const char *name) {
	static const struct {
		const char *suffix;
		const char *content_type;
	} types[] = {
		{".css", "text/css; charset=utf-8"},
		{".html", "text/html; charset=utf-8"},
		{".ico", "image/x-icon"},
		{".js", "text/javascript; charset=utf-8"},
		{".json", "application/json"},
		{".png", "image/png"},
		{".svg", "image/svg+xml"},
		{".txt", "text/plain; charset=utf-8"},
		{".webmanifest", "application/manifest+json"},
		{".woff2", "font/woff2"},
	};
	const char *suffix = strrchr(name, '.');
	for (size_t i = 0; suffix != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(suffix, types[i].suffix) == 0) {
			return types[i].content_type;
		}
	}
	return NULL;
}

static void *must_allocate(size_t size) {
	void *memory = calloc(1, size);
	if (memory == NULL) {
		log_fatal(EX_OSERR, "page_not_loaded", "error=\"out of memory\"");
	}
	return memory;
}

static _Noreturn void give_up(const char *folder, const char *name, const char *error) {
	log_fatal(EX_NOINPUT, "page_not_loaded",
		"folder=%s file=%s error=\"%s\" hint=\"FIRSTCOME_WEB_DIR is the folder with "
		"index.html\"",
		folder, name, error);
}

/* The name of the representation: the hash of the plain bytes, and how they are written. */
static void set_etag(
	struct representation *target, const struct representation *plain, const char *form) {
	uint8_t hash[TAG_BYTES];
	struct part part = {plain->bytes, plain->size};
	crypto_digest(hash, sizeof(hash), &part, 1);
	struct text text = text_init(target->etag, sizeof(target->etag));
	text_append_char(&text, '"');
	text_append_hex(&text, hash, sizeof(hash));
	text_append(&text, form);
	text_append_char(&text, '"');
}

static void read_whole(int descriptor, struct file *file, size_t size, const char *folder) {
	file->plain.bytes = must_allocate(size + 1);
	while (file->plain.size < size) {
		ssize_t got = read(
			descriptor, file->plain.bytes + file->plain.size, size - file->plain.size);
		if (got <= 0) {
			give_up(folder, file->name, got < 0 ? strerror(errno) : "became shorter");
		}
		file->plain.size += (size_t)got;
	}
}

/* Pictures and fonts are compressed already, and then this is longer than they are: dropped. */
static void compress_file(struct file *file) {
	z_stream stream = {0};
	/* 16 more than the window's size asks for the gzip format. */
	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 9,
		    Z_DEFAULT_STRATEGY) != Z_OK) {
		return;
	}
	file->compressed.bytes = must_allocate(file->plain.size + 1);
	stream.next_in = (Bytef *)file->plain.bytes;
	stream.avail_in = (uInt)file->plain.size;
	stream.next_out = (Bytef *)file->compressed.bytes;
	stream.avail_out = (uInt)file->plain.size;
	if (deflate(&stream, Z_FINISH) == Z_STREAM_END) {
		file->compressed.size = stream.total_out;
		set_etag(&file->compressed, &file->plain, "-gzip");
	} else {
		free(file->compressed.bytes);
		file->compressed.bytes = NULL;
	}
	deflateEnd(&stream);
}

static void load_file(struct files *files, int directory, const char *folder, const char *name) {
	int descriptor = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (descriptor < 0 || fstat(descriptor, &status) != 0) {
		give_up(folder, name, strerror(errno));
	}
	if (!S_ISREG(status.st_mode)) {
		close(descriptor);
		return;
	}
	const char *content_type = content_type_of(name);
	if (content_type == NULL || status.st_size > (off_t)FILE_BYTES_MAX ||
		strlen(name) > FILE_NAME_BYTES_MAX || files->count == FILES_MAX) {
		log_warn("page_file_skipped",
			"folder=%s file=%s hint=\"its type is unknown, it is larger than %u bytes, "
			"its name is "
			"longer than %u, or there are more than %u files\"",
			folder, name, FILE_BYTES_MAX, FILE_NAME_BYTES_MAX, FILES_MAX);
		close(descriptor);
		return;
	}
	struct file *file = &files->files[files->count++];
	memcpy(file->name, name, strlen(name) + 1);
	file->content_type = content_type;
	read_whole(descriptor, file, (size_t)status.st_size, folder);
	close(descriptor);
	set_etag(&file->plain, &file->plain, "");
	compress_file(file);
}

static const struct file *find(const struct files *files, struct http_slice name) {
	for (size_t i = 0; i < files->count; i++) {
		if (http_slice_is(name, files->files[i].name)) {
			return &files->files[i];
		}
	}
	return NULL;
}

static const struct http_slice index_name = {"index.html", sizeof("index.html") - 1};

struct files *files_load(const char *folder) {
	struct files *files = must_allocate(sizeof(*files));
	DIR *directory = opendir(folder);
	if (directory == NULL) {
		give_up(folder, "", strerror(errno));
	}
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (entry == NULL && errno != 0) {
			give_up(folder, "", strerror(errno));
		}
		if (entry == NULL) {
			break;
		}
		if (entry->d_name[0] != '.') {
			load_file(files, dirfd(directory), folder, entry->d_name);
		}
	}
	closedir(directory);
	if (find(files, index_name) == NULL) {
		give_up(folder, "index.html", "not there");
	}
	log_info("page_loaded", "folder=%s files=%zu", folder, files->count);
	return files;
}

void files_free(struct files *files) {
	if (files == NULL) {
		return;
	}
	for (size_t i = 0; i < files->count; i++) {
		free(files->files[i].plain.bytes);
		free(files->files[i].compressed.bytes);
	}
	free(files);
}

bool files_respond(const struct files *files, const struct http_request *request,
	struct http_response *response) {
	struct http_slice name = {request->path.start + 1, request->path.size - 1};
	const struct file *file = find(files, name.size == 0 ? index_name : name);
	if (file == NULL) {
		return false;
	}
	if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
		*response = (struct http_response){.status = 405, .allow = "GET, HEAD"};
		return true;
	}
	bool compressed =
		file->compressed.bytes != NULL && http_accepts(request->accept_encoding, "gzip");
	const struct representation *chosen = compressed ? &file->compressed : &file->plain;
	*response = (struct http_response){
		.status = 200,
		.cache_control = "no-cache",
		.etag = chosen->etag,
		.vary = "Accept-Encoding",
	};
	if (http_etag_matches(request->if_none_match, chosen->etag)) {
		response->status = 304;
		return true;
	}
	response->content_type = file->content_type;
	response->content_encoding = compressed ? "gzip" : NULL;
	response->body = chosen->bytes;
	response->body_size = chosen->size;
	return true;
}
