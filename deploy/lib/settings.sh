# settings - where everything of one copy of Firstcome is: its folder and its block of ports.
#
# FIRSTCOME_HOME    the folder of this copy; <checkout>/.local if not set
# FIRSTCOME_PORT    the first of its 40 ports; what this copy used last, else 8080
# FIRSTCOME_BUILD   the build folder; <checkout>/build if not set
# FIRSTCOME_SANITIZE=1   builds with ASan and UBSan, in <checkout>/build-asan
#
# BROKERS is 1, or 3 in a copy that deploy/up --cluster made; a copy stays what it is.
#
# Everything below LOCAL_DIR belongs to this copy alone. Only the tools are shared between copies.

PORTS_COUNT=40
PORT_DEFAULT=8080

settings_load() {
	CHECKOUT_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
	DEPLOY_DIR=$CHECKOUT_DIR/deploy
	LOCAL_DIR=$(_absolute "${FIRSTCOME_HOME:-$CHECKOUT_DIR/.local}")
	TOOLS_DIR=$CHECKOUT_DIR/.local/tools
	NATS_DIR=$LOCAL_DIR/nats
	POSTGRES_DIR=$LOCAL_DIR/postgres
	SECRETS_DIR=$LOCAL_DIR/secrets
	KEYS_DIR=$LOCAL_DIR/keys
	ENVIRONMENT_DIR=$LOCAL_DIR/env
	RUN_DIR=$LOCAL_DIR/run
	LOG_DIR=$LOCAL_DIR/log
	SETTINGS_FILE=$LOCAL_DIR/settings
	_settings_ports "${FIRSTCOME_PORT:-$(_remembered port)}"
	BROKERS=$(_remembered brokers)
	BROKERS=${BROKERS:-1}
	BUILD_DIR=$(_settings_build)
}

# For deploy/up --cluster, after settings_load.
settings_use_cluster() {
	[[ $BROKERS == 3 || ! -f $SETTINGS_FILE ]] ||
		die "the copy in $LOCAL_DIR has one broker, and its streams have one replica. Use another" \
			"folder and ports (FIRSTCOME_HOME, FIRSTCOME_PORT), or forget its data first:" \
			"deploy/down --wipe"
	BROKERS=3
}

settings_make_folders() {
	if ! mkdir -p "$TOOLS_DIR" "$ENVIRONMENT_DIR" "$RUN_DIR" "$LOG_DIR" || [[ ! -w $RUN_DIR ]]; then
		die "$(id -un) may not write to $LOCAL_DIR. Be the user who made it, or set" \
			"FIRSTCOME_HOME to another folder"
	fi
}

# What the next settings_load will find; also the mark by which deploy/down knows our folder.
settings_save() {
	printf 'port=%s\nbuild=%s\nbrokers=%s\n' "$WEB_PORT" "$BUILD_DIR" "$BROKERS" |
		write_file "$SETTINGS_FILE" 644
}

# For the commands that serve a running copy: the programs that it runs, not those of a new build.
settings_use_running_build() {
	local build
	build=$(_remembered build)
	[[ -n ${FIRSTCOME_BUILD:-} || -z $build ]] || BUILD_DIR=$build
}

# Waits until no other up, down or restart works on this copy; the lock ends with this process.
settings_lock() {
	exec {SETTINGS_LOCK}>"$RUN_DIR/lock"
	flock --nonblock "$SETTINGS_LOCK" && return
	step wait "another up, down or restart is at work on $LOCAL_DIR"
	flock --timeout 900 "$SETTINGS_LOCK" ||
		die "it did not end within 15 minutes. Look for it with: fuser -v $RUN_DIR/lock"
}

_absolute() { # PATH
	if [[ $1 == /* ]]; then
		printf '%s\n' "$1"
	else
		printf '%s\n' "$PWD/$1"
	fi
}

_remembered() { # port|build|brokers
	[[ ! -r $SETTINGS_FILE ]] || sed -n "s/^$1=//p" "$SETTINGS_FILE"
}

_settings_ports() { # FIRST-PORT
	local first=${1:-$PORT_DEFAULT}
	if ! [[ $first =~ ^[1-9][0-9]{3,4}$ ]] || ((first < 1024 || first + PORTS_COUNT > 65536)); then
		die "FIRSTCOME_PORT is '$first': use a number from 1024 to $((65536 - PORTS_COUNT))"
	fi
	WEB_PORT=$first
	# The first of them; where the others are, nats.sh says.
	NATS_PORT=$((first + 10))
	NATS_MONITOR_PORT=$((first + 11))
	POSTGRES_PORT=$((first + 20))
	SANDBOX_HTTP_PORT=$((first + 30))
	SANDBOX_SMTP_PORT=$((first + 31))
}

_settings_build() {
	if [[ -n ${FIRSTCOME_BUILD:-} ]]; then
		_absolute "$FIRSTCOME_BUILD"
	elif [[ ${FIRSTCOME_SANITIZE:-0} == 1 ]]; then
		printf '%s\n' "$CHECKOUT_DIR/build-asan"
	else
		printf '%s\n' "$CHECKOUT_DIR/build"
	fi
}
