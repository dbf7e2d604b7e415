#include "ingress/server.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>
#include <uv.h>

#include "common/log.h"
#include "ingress/address.h"
#include "ingress/connection.h"

/* What the kernel may hold for us; it cuts this to net.core.somaxconn. */
#define BACKLOG 4096
/* So that a rush of new connections does not keep the old ones waiting; as many as libuv looks at old
 * ones before it looks for new ones, or under load the new ones would wait for longer than those. */
#define ACCEPTS_PER_TURN 1024u
#define SWEEP_INTERVAL_MS 200
/* What the kernel keeps for one connection, at most about twice this: for clients that do not read, or
 * send ahead, it would go up to 4 MB and 6 MB each, and thousands of them could take all that the kernel
 * has for TCP. Nearly every answer, and every request, fits. */
#define SEND_BUFFER_BYTES 65536
#define RECEIVE_BUFFER_BYTES 32768
/* A handshake that has begun is over in this time, unless a packet of it was lost. */
#define HANDSHAKE_MS 200u
/* In the TCP header, which is where a filter of a TCP socket begins to see. */
#define TCP_FLAGS_OFFSET 13u
/* Descriptors for everything else: the broker, the database, the log, epoll, libuv's own. */
#define DESCRIPTORS_RESERVED 64u

struct server {
	struct connection_pool pool;
	uv_tcp_t listener;
	uv_timer_t sweep;
	uv_idle_t accept_again; /* runs when a turn's share of new connections was used up */
	uint32_t connections_max;
	uint32_t accepts_left;
	bool waiting; /* libuv holds a connection that we have not taken */
	bool draining;
	bool listening;
	uint64_t listen_until_ms; /* draining: then every handshake is over */
	unsigned handles;         /* of ours, not yet given back by libuv */
	void (*drained)(void *context);
	void *drained_context;
};

static void on_accept_again(uv_idle_t *handle);

/* Takes one connection from libuv. False if there is none, or no room for it now. */
static bool accept_one(struct server *server) {
	struct connection_pool *pool = &server->pool;
	if (pool->counts.connections >= server->connections_max && !connection_evict(pool)) {
		return false;
	}
	struct connection *connection = connection_open(pool);
	if (connection == NULL) {
		log_warn("connection_refused",
			"hint=\"out of memory: add some, or lower the limit\"");
		return false;
	}
	int error = uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&connection->tcp);
	server->waiting = false;
	if (error != 0) {
		pool->counts.refused++;
		connection_close(connection);
		return false;
	}
	connection_start(connection);
	return true;
}

/* libuv accepts one connection ahead and calls this for each; it goes on when that one is taken.
 * Who returns without taking it has thereby stopped accepting. */
static void on_connection(uv_stream_t *listener, int status) {
	struct server *server = listener->data;
	if (status != 0) {
		server->pool.counts.refused++;
		log_warn("accept_failed",
			"error=\"%s\" hint=\"if it is about open files, raise LimitNOFILE\"",
			uv_strerror(status));
		return;
	}
	server->waiting = true;
	if (server->accepts_left == 0) {
		uv_idle_start(&server->accept_again, on_accept_again);
		return;
	}
	server->accepts_left--;
	(void)accept_one(server);
}

static void on_accept_again(uv_idle_t *handle) {
	struct server *server = handle->data;
	server->accepts_left = ACCEPTS_PER_TURN;
	uv_idle_stop(handle);
	if (server->waiting) {
		(void)accept_one(server);
	}
}

static void handle_closed(struct server *server) {
	server->handles--;
	if (server->handles == 0) {
		server->drained(server->drained_context);
	}
}

static void on_handle_closed(uv_handle_t *handle) {
	handle_closed(handle->data);
}

static void on_turn_closed(uv_handle_t *handle) {
	const struct connection_pool *pool = handle->data;
	handle_closed(pool->owner);
}

/* The last connection is gone: so are the reasons for the other handles. */
static void finish_drain(struct server *server) {
	uv_close((uv_handle_t *)&server->sweep, on_handle_closed);
	uv_close((uv_handle_t *)&server->accept_again, on_handle_closed);
	uv_close((uv_handle_t *)&server->pool.turn, on_turn_closed);
}

static void finish_drain_if_empty(struct server *server) {
	if (server->draining && !server->listening && connection_pool_count(&server->pool) == 0) {
		finish_drain(server);
	}
}

static void on_released(void *owner) {
	struct server *server = owner;
	if (server->waiting) {
		(void)accept_one(server);
	}
	finish_drain_if_empty(server);
}

static void stop_listening(struct server *server);

static void on_sweep(uv_timer_t *timer) {
	struct server *server = timer->data;
	connection_sweep(&server->pool);
	if (server->waiting) {
		(void)accept_one(server); /* an idle one may be old enough by now to make room */
	}
	if (server->draining && server->listening &&
		uv_now(timer->loop) >= server->listen_until_ms) {
		stop_listening(server);
		finish_drain_if_empty(server);
	}
}

/* The process may open as many files as it is allowed to; the default of 1024 is for select(). */
static uint32_t descriptors_max(void) {
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
		return 1024;
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur > UINT32_MAX ? UINT32_MAX : (uint32_t)limit.rlim_cur;
}

static uint32_t fit_connections(uint32_t wanted) {
	uint32_t descriptors = descriptors_max();
	uint32_t room = descriptors > 2 * DESCRIPTORS_RESERVED ? descriptors - DESCRIPTORS_RESERVED
							       : DESCRIPTORS_RESERVED;
	if (wanted <= room) {
		return wanted;
	}
	log_warn("connections_limited",
		"connections_max=%u wanted=%u hint=\"raise the limit of open files (LimitNOFILE)\"",
		room, wanted);
	return room;
}

struct socket_option {
	int level;
	int name;
	int value;
};

static void set_option(int descriptor, const struct socket_option *option, const char *listen) {
	if (setsockopt(descriptor, option->level, option->name, &option->value,
		    sizeof(option->value)) != 0) {
		log_fatal(EX_OSERR, "listen_failed", "address=%s option=%d error=\"%s\"", listen,
			option->name, strerror(errno));
	}
}

/* Made by hand: this libuv (1.44) knows no SO_REUSEPORT. Accepted sockets inherit the options,
 * which saves system calls for each. */
static int open_listener(const struct server_options *options) {
	struct sockaddr_storage address;
	socklen_t address_size;
	if (!address_parse(options->listen, &address, &address_size)) {
		log_fatal(EX_CONFIG, "listen_failed",
			"address=\"%s\" hint=\"write 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:80\"",
			options->listen);
	}
	int descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (descriptor < 0) {
		log_fatal(EX_OSERR, "listen_failed", "address=%s error=\"%s\"", options->listen,
			strerror(errno));
	}
	const struct socket_option wanted[] = {
		{SOL_SOCKET, SO_REUSEADDR, 1},
		{SOL_SOCKET, SO_REUSEPORT, options->reuse_port},
		{SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES},
		{SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES},
		{IPPROTO_TCP, TCP_NODELAY, 1},
	};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		set_option(descriptor, &wanted[i], options->listen);
	}
	if (bind(descriptor, (const struct sockaddr *)&address, address_size) != 0) {
		log_fatal(EX_UNAVAILABLE, "listen_failed",
			"address=%s error=\"%s\" hint=\"another program may have the port: see ss "
			"-ltnp\"",
			options->listen, strerror(errno));
	}
	return descriptor;
}

struct server *server_create(struct uv_loop_s *loop, const struct server_options *options) {
	assert(options->handler != NULL);
	assert(options->head_timeout_ms > 0);
	assert(options->idle_timeout_ms > 0);
	assert(options->write_timeout_ms > 0);
	struct server *server = calloc(1, sizeof(*server));
	if (server == NULL) {
		log_fatal(EX_OSERR, "listen_failed", "address=%s error=\"out of memory\"",
			options->listen);
	}
	connection_pool_init(&server->pool, loop, options);
	server->pool.released = on_released;
	server->pool.owner = server;
	server->connections_max = fit_connections(options->connections_max);
	server->accepts_left = ACCEPTS_PER_TURN;

	uv_idle_init(loop, &server->accept_again);
	server->accept_again.data = server;
	uv_timer_init(loop, &server->sweep);
	server->sweep.data = server;
	uv_timer_start(&server->sweep, on_sweep, SWEEP_INTERVAL_MS, SWEEP_INTERVAL_MS);
	uv_tcp_init(loop, &server->listener);
	server->listener.data = server;
	server->handles = 4; /* with the pool's turn */

	int error = uv_tcp_open(&server->listener, open_listener(options));
	if (error == 0) {
		error = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
	}
	if (error != 0) {
		log_fatal(EX_UNAVAILABLE, "listen_failed",
			"address=%s error=\"%s\" hint=\"another program may have the port: see ss "
			"-ltnp\"",
			options->listen, uv_strerror(error));
	}
	server->listening = true;
	log_info("listening", "address=%s connections_max=%u", options->listen,
		server->connections_max);
	return server;
}

/* ---- leaving ------------------------------------------------------------------------------------ */

/* The kernel has completed these connections, and the clients may have sent their requests: closing
 * the listener would reset them. */
static void accept_backlog(struct server *server) {
	uv_os_fd_t listener;
	if (server->waiting) {
		(void)accept_one(server);
	}
	if (uv_fileno((uv_handle_t *)&server->listener, &listener) != 0) {
		return;
	}
	for (;;) {
		int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (descriptor < 0) {
			return;
		}
		struct connection *connection = connection_open(&server->pool);
		if (connection == NULL) {
			close(descriptor);
			return;
		}
		if (uv_tcp_open(&connection->tcp, descriptor) != 0) {
			close(descriptor);
			connection_close(connection);
			continue;
		}
		connection_start(connection);
	}
}

/* A handshake that is under way when a listener closes ends in a reset, although others listen on the
 * same port. So the listener first becomes deaf to new ones: it does not see their first packet. A
 * client sends that again after a second, and by then the kernel gives it to somebody else. */
static void refuse_handshakes(struct server *server) {
	static struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS_OFFSET),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog filter = {
		.len = sizeof(program) / sizeof(program[0]), .filter = program};
	uv_os_fd_t listener;
	if (uv_fileno((uv_handle_t *)&server->listener, &listener) != 0 ||
		setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) != 0) {
		log_warn("handshakes_not_refused",
			"error=\"%s\" hint=\"new connections may be reset while this process "
			"leaves\"",
			strerror(errno));
	}
}

static void stop_listening(struct server *server) {
	accept_backlog(server);
	server->listening = false;
	uv_close((uv_handle_t *)&server->listener, on_handle_closed);
}

void server_drain(struct server *server, void (*done)(void *context), void *context) {
	assert(!server->draining);
	assert(done != NULL);
	server->draining = true;
	server->drained = done;
	server->drained_context = context;
	connection_pool_drain(&server->pool);
	refuse_handshakes(server);
	server->listen_until_ms = uv_now(server->sweep.loop) + HANDSHAKE_MS;
}

void server_destroy(struct server *server) {
	if (server == NULL || server->handles > 0) {
		return;
	}
	connection_pool_finish(&server->pool);
	free(server);
}

const struct server_counts *server_counts(const struct server *server) {
	return &server->pool.counts;
}
