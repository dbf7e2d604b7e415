# process - starts, finds and stops the processes of this copy; there is no supervisor here.
#
# For each process NAME:
#	run/NAME.pid        its number
#	run/NAME.identity   when it started (clock ticks since that boot), and a fingerprint of what
#	                    from: so a number that somebody else has now is never taken for ours,
#	                    and one that runs an older build or older settings is noticed
#	log/NAME.log        its output; one that is too long is NAME.log.old from the next start on
#	env/NAME.env        its whole environment, as NAME=value lines

STOP_SECONDS=30
LOG_BYTES_MAX=$((64 << 20))
# What a process gets besides its own lines: what the sanitizers and the C library ask for.
ENVIRONMENT_KEPT=(HOME ASAN_OPTIONS LSAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS)

# Goes before the command of what may be late while others need the processors: each session has its
# share of them, however nice its processes are to each other. The first half fails where the kernel
# does not group processes by session.
# shellcheck disable=SC2016
PROCESS_YIELDING=(sh -c '{ echo 5 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 5 "$@"' sh)

# Starts a process, or leaves it if it runs already and nothing changed. A change in one of the
# files or folders that it is made from, in its settings or in its command restarts it.
process_ensure() { # NAME FILE... -- COMMAND...
	local name=$1 files=() fingerprint was=
	shift
	while [[ $1 != -- ]]; do
		files+=("$1")
		shift
	done
	shift
	fingerprint=$({ printf '%s\n' "$@" && _file_marks "$name" "${files[@]}"; } | sha256sum)
	fingerprint=${fingerprint%% *}
	if process_is_running "$name"; then
		if [[ $(_identity_field "$name" 3) == "$fingerprint" ]]; then
			step "$name" "runs (process $(process_pid "$name"))"
			return
		fi
		was=', again, because its program or its settings changed'
		process_stop "$name"
	fi
	_start "$name" "$fingerprint" "$@"
	step "$name" "started (process $(process_pid "$name"))$was"
}

process_pid() { # NAME
	local pid=
	[[ ! -r $RUN_DIR/$1.pid ]] || read -r pid <"$RUN_DIR/$1.pid" || true
	if [[ $pid =~ ^[0-9]+$ ]]; then
		printf '%s\n' "$pid"
	fi
}

process_is_running() { # NAME
	local pid started=
	pid=$(process_pid "$1")
	[[ -z $pid ]] || started=$(_started "$pid")
	[[ -n $started && $started == "$(_identity_field "$1" '1,2')" ]]
}

process_is_ours() { # PID
	local name parent
	parent=$(_parent "$1") # PostgreSQL has children
	for name in $(process_names); do
		if [[ $(process_pid "$name") =~ ^($1|$parent)$ ]] && process_is_running "$name"; then
			return
		fi
	done
	return 1
}

process_names() {
	local file
	for file in "$RUN_DIR"/*.pid; do
		[[ ! -e $file ]] || basename "$file" .pid
	done
}

# Tells all of them at once, then waits for each: they drain side by side. A process that does not
# end in STOP_SECONDS is killed. To PostgreSQL SIGTERM means: wait until every client has gone; SIGINT
# ends it in good order now.
process_stop() { # NAME...
	local name
	for name in "$@"; do
		if [[ $name == postgres ]]; then
			process_signal INT "$name"
		else
			process_signal TERM "$name"
		fi
	done
	_await_end "$@"
}

process_signal() { # SIGNAL NAME...
	local name signal=$1
	shift
	for name in "$@"; do
		# It may end between the first line and the second.
		if process_is_running "$name" &&
			! kill -s "$signal" "$(process_pid "$name")" 2>/dev/null &&
			process_is_running "$name"; then
			die "may not signal $name: another user started it. Call this as that user"
		fi
	done
}

_await_end() { # NAME...
	local name deadline=$((SECONDS + STOP_SECONDS))
	for name in "$@"; do
		while process_is_running "$name"; do
			if ((SECONDS >= deadline)); then
				warn "$name did not end in $STOP_SECONDS s and is killed. See $LOG_DIR/$name.log"
				process_signal KILL "$name"
				deadline=$((SECONDS + STOP_SECONDS))
			fi
			sleep 0.05
		done
		rm -f "$RUN_DIR/$name.pid" "$RUN_DIR/$name.identity"
	done
}

_start() { # NAME FINGERPRINT COMMAND...
	local name=$1 fingerprint=$2 log=$LOG_DIR/$1.log pid
	shift 2
	if [[ $(stat -c %s "$log" 2>/dev/null || echo 0) -gt $LOG_BYTES_MAX ]]; then
		mv "$log" "$log.old"
	fi
	_become "$name" "$@" </dev/null >>"$log" 2>&1 &
	pid=$!
	# The start time is that of the fork; the exec into the command does not change it.
	printf '%s %s\n' "$(_started "$pid")" "$fingerprint" >"$RUN_DIR/$name.identity"
	printf '%s\n' "$pid" >"$RUN_DIR/$name.pid"
	# So that this shell does not report its end; it may have ended already.
	disown "$pid" 2>/dev/null || true
}

# Turns this (sub)shell into the command: no descriptor and no variable of the caller goes with it.
_become() { # NAME COMMAND...
	local name=$1 variable place line lines=()
	shift
	[[ ! -f $ENVIRONMENT_DIR/$name.env ]] || mapfile -t lines <"$ENVIRONMENT_DIR/$name.env"
	for variable in $(compgen -e); do
		[[ " ${ENVIRONMENT_KEPT[*]} " == *" $variable "* ]] ||
			unset "$variable" 2>/dev/null || true
	done
	export PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8
	for line in "${lines[@]}"; do
		export "${line?}"
	done
	cd /
	ulimit -n "$(ulimit -Hn)" # an ingress has a descriptor for each connection
	for place in /proc/self/fd/*; do
		place=${place##*/}
		# 255 is the script itself, which bash closes at exec.
		((place <= 2 || place == 255)) || eval "exec $place>&-"
	done
	# Its own session: a Ctrl-C at the terminal is not for it.
	exec setsid "$@"
}

# Clock ticks since boot at which a process started, and which boot that was. Nothing if it is gone,
# or is a zombie that nobody has reaped.
_started() { # PID
	[[ $(process_state "$1") == [!ZX] ]] || return 0
	# The start time is field 22 of the manual page.
	printf '%s %s\n' "$(_stat_field "$1" 22)" "$(</proc/sys/kernel/random/boot_id)"
}

process_state() { # PID; prints R, S, D, Z, T ..., or nothing
	_stat_field "$1" 3
}

_parent() { # PID
	_stat_field "$1" 4
}

# A field of /proc/PID/stat, by its number in proc(5), from 3 on; nothing if there is no such process.
_stat_field() { # PID NUMBER
	local fields
	fields=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	# Field 2 is the name in parentheses, and may hold blanks and parentheses itself.
	read -r -a fields <<<"${fields##*) }"
	printf '%s\n' "${fields[$2 - 3]}"
}

_identity_field() { # NAME FIELDS
	[[ ! -r $RUN_DIR/$1.identity ]] || cut -d ' ' -f "$2" "$RUN_DIR/$1.identity"
}

# Which files there are, and since when they are what they are.
_file_marks() { # NAME FILE...
	local name=$1
	shift
	find "$@" "$ENVIRONMENT_DIR/$name.env" -type f -not -path '*/__pycache__/*' \
		-printf '%p %i %s %T@\n' 2>/dev/null | sort || true
}
