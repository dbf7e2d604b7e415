# nats - the message broker: one nats-server, or a cluster of three (deploy/up --cluster).
#
#	process   folder        clients   monitoring   routes
#	nats      nats          +10       +11                    the only one
#	nats-1    nats/nats-1   +10       +11          +16       of three
#	nats-2    nats/nats-2   +12       +13          +17
#	nats-3    nats/nats-3   +14       +15          +18
#
# Two of three are enough to go on. So of a cluster nobody is stopped here unless the others are
# well: they run, know who leads, and have every message (/healthz).
#
# FIRSTCOME_NATS_ROUTES_VIA=PORT, for tests/cluster: brokers reach each other through a proxy, 1 and 2
# at PORT, 1 and 3 at PORT+1, 2 and 3 at PORT+2.
#
# FIRSTCOME_NATS_SYNC=default, for tests/load/bench: the broker syncs as it does by itself, every two
# minutes. What it acknowledges is then lost with the power: never for a campaign.

# A broker user for each program; also the prefix of its inboxes.
NATS_USERS=(ingress sequencer fulfiller notifier cashier admin sys)
NATS_WELL_SECONDS=60

# Starts what does not run, then restarts what is configured anew, one after the other.
nats_ensure() {
	local name names running=()
	mapfile -t names < <(nats_names)
	_nats_prepare
	for name in "${names[@]}"; do
		if process_is_running "$name"; then
			running+=("$name")
		else
			_nats_start "$name"
		fi
	done
	_nats_await_well "${names[@]}"
	for name in "${running[@]}"; do
		_nats_start "$name"
		_nats_await_well "${names[@]}"
	done
	_nats_note_version
}

# One broker, or "nats": all there are.
nats_restart() { # NAME
	local name names=("$1")
	[[ $1 != nats ]] || mapfile -t names < <(nats_names)
	_nats_prepare
	for name in "${names[@]}"; do
		((BROKERS == 1)) || _nats_await_others "$name"
		process_stop "$name"
		_nats_start "$name"
		_nats_await_well "$name"
	done
	_nats_note_version
}

nats_names() {
	if ((BROKERS == 1)); then
		printf 'nats\n'
	else
		printf 'nats-%s\n' 1 2 3
	fi
}

nats_ports() {
	local name
	for name in $(nats_names); do
		printf '%s\n' "$(_nats_port "$name")" "$(_nats_monitor_port "$name")"
		((BROKERS == 1)) || _nats_route_port "$name"
	done
}

# Where a program connects: to the first of these that answers. Programs of different numbers begin
# with different brokers, so that the loss of one does not meet all of them.
nats_urls() { # NUMBER
	local i names urls=()
	mapfile -t names < <(nats_names)
	for ((i = 0; i < BROKERS; i++)); do
		urls+=("nats://127.0.0.1:$(_nats_port "${names[($1 - 1 + i) % BROKERS]}")")
	done
	(IFS=, && printf '%s\n' "${urls[*]}")
}

# With an admin's name and password, for tests and tools.
nats_admin_url() {
	printf 'nats://admin:%s@127.0.0.1:%s\n' "$(secret nats-admin)" "$NATS_PORT"
}

_nats_number() { # NAME
	[[ $1 == nats-* ]] || set -- nats-1
	printf '%s\n' "${1#nats-}"
}

_nats_port() { # NAME
	printf '%s\n' "$((NATS_PORT + 2 * ($(_nats_number "$1") - 1)))"
}

_nats_monitor_port() { # NAME
	printf '%s\n' "$((NATS_MONITOR_PORT + 2 * ($(_nats_number "$1") - 1)))"
}

_nats_route_port() { # NAME
	printf '%s\n' "$((NATS_PORT + 5 + $(_nats_number "$1")))"
}

_nats_folder() { # NAME
	[[ $1 == nats ]] && printf '%s\n' "$NATS_DIR" || printf '%s\n' "$NATS_DIR/$1"
}

_nats_start() { # NAME
	local folder
	folder=$(_nats_folder "$1")
	process_ensure "$1" "$NATS_SERVER" "$folder"/*.conf -- \
		"$NATS_SERVER" --config "$folder/nats-server.conf"
}

_nats_await_well() { # NAME...
	local name
	for name in "$@"; do
		await "$NATS_WELL_SECONDS" "$name" http_is_ok "$(_nats_monitor_port "$name")" /healthz ||
			die_with_log "$LOG_DIR/$name.log" "nats-server $NATS_VERSION ($name) is not healthy:" \
				"see its log. If its disk was full, make room and run: deploy/restart $name"
	done
}

# Before a broker is stopped.
_nats_await_others() { # NAME
	local name
	for name in $(nats_names); do
		[[ $name == "$1" ]] || _nats_await_well "$name"
	done
}

_nats_prepare() {
	local name not_yet='NOT YET '
	nats_choose
	_nats_guard_store
	! _nats_syncs_always || not_yet=''
	step nats "version $NATS_VERSION: what it acknowledges is ${not_yet}on the disk"
	for name in $(nats_names); do
		_nats_configure "$name"
	done
}

_nats_syncs_always() {
	nats_syncs && [[ ${FIRSTCOME_NATS_SYNC:-always} == always ]]
}

# A store that a newer server has written must not be opened by an older one.
_nats_guard_store() {
	local before
	[[ -r $NATS_DIR/version ]] || return 0
	before=$(<"$NATS_DIR/version")
	_version_at_least "$NATS_VERSION" "$before" ||
		die "the messages in $NATS_DIR were written by nats-server $before, and now there is only" \
			"$NATS_VERSION. Bring the newer one back (FIRSTCOME_NATS_SERVER=path), or forget the" \
			"data: deploy/down --wipe"
}

_nats_note_version() {
	printf '%s\n' "$NATS_VERSION" | write_file "$NATS_DIR/version" 644
}

_nats_configure() { # NAME
	local folder log=$LOG_DIR/nats-check.log sync='' cluster='' user passwords=()
	folder=$(_nats_folder "$1")
	mkdir -p "$folder/jetstream"
	! _nats_syncs_always || sync='sync_interval: always'
	for user in "${NATS_USERS[@]}"; do
		passwords+=("${user^^}_PASSWORD=$(secret "nats-$user")")
	done
	render "$DEPLOY_DIR/nats/accounts.conf.in" "${passwords[@]}" |
		write_file "$folder/accounts.conf" 600
	if ((BROKERS > 1)); then
		_nats_configure_cluster "$1" "$folder"
		cluster='include "cluster.conf"'
	fi
	render "$DEPLOY_DIR/nats/nats-server.conf.in" "NAME=$1" "PORT=$(_nats_port "$1")" \
		"MONITOR_PORT=$(_nats_monitor_port "$1")" "STORE=$folder/jetstream" "SYNC=$sync" \
		"CLUSTER=$cluster" | write_file "$folder/nats-server.conf" 600
	"$NATS_SERVER" --config "$folder/nats-server.conf" -t >"$log" 2>&1 ||
		die_with_log "$log" "nats-server $NATS_VERSION refuses its configuration. Is deploy/nats" \
			"changed? See: git diff deploy/nats"
}

_nats_configure_cluster() { # NAME FOLDER
	local port password routes=() ping='' advertise=''
	password=$(secret nats-route)
	for port in $(_nats_routes "$1"); do
		routes+=("\"nats://route:$password@127.0.0.1:$port\"")
	done
	! nats_is_for_clusters || ping='ping_interval: "2s"'
	# What brokers tell each other of a third one must not lead around the proxy.
	[[ -z ${FIRSTCOME_NATS_ROUTES_VIA:-} ]] || advertise='advertise: "127.0.0.1:9"'
	render "$DEPLOY_DIR/nats/cluster.conf.in" "PORT=$(_nats_route_port "$1")" \
		"PASSWORD=$password" "ROUTES=$(IFS=, && printf '%s' "${routes[*]}")" "PING=$ping" \
		"ADVERTISE=$advertise" | write_file "$2/cluster.conf" 600
}

# The ports at which a broker finds others; it knows its own when it sees it.
_nats_routes() { # NAME
	local own other name
	own=$(_nats_number "$1")
	for name in $(nats_names); do
		other=$(_nats_number "$name")
		if [[ -z ${FIRSTCOME_NATS_ROUTES_VIA:-} || $name == "$1" ]]; then
			_nats_route_port "$name"
		elif ((own > other)); then
			printf '%s\n' "$((FIRSTCOME_NATS_ROUTES_VIA + own + other - 3))"
		fi
	done
}
