# messages - what the scripts say to the person in front of them.
#
# One line a step on standard output; warnings and errors on standard error. An error always says
# what to do next, and shows the end of the log where there is one.

LOG_TAIL_LINES=15
PROGRESS_SECONDS=20

step() { # NAME TEXT...
	local name=$1
	shift
	printf '  %-12s %s\n' "$name" "$*"
}

warn() { # TEXT...
	printf 'warning: %s\n' "$*" >&2
}

die() { # TEXT...
	printf 'error: %s\n' "$*" >&2
	exit 1
}

show_log_tail() { # LOG
	[[ -s $1 ]] || return 0
	printf -- '--- the end of %s\n' "$1" >&2
	tail -n "$LOG_TAIL_LINES" "$1" >&2
	printf -- '---\n' >&2
}

die_with_log() { # LOG TEXT...
	local log=$1
	shift
	show_log_tail "$log"
	die "$@"
}

# Runs a command that may take long, with its output in a log, and says now and then how far it is.
# Returns the command's status.
run_logged() { # STEP LOG COMMAND...
	local name=$1 log=$2 ticker status=0
	shift 2
	: >"$log"
	_tell_progress "$name" "$log" &
	ticker=$!
	"$@" >>"$log" 2>&1 </dev/null || status=$?
	kill "$ticker" 2>/dev/null || true
	wait "$ticker" 2>/dev/null || true
	[[ ! -t 1 ]] || printf '\r\033[K'
	return "$status"
}

# On a terminal one line that changes every second; elsewhere a line every PROGRESS_SECONDS.
_tell_progress() { # STEP LOG
	local started=$SECONDS elapsed line
	while sleep 1 && kill -0 "$$" 2>/dev/null; do
		elapsed=$((SECONDS - started))
		line=$(tail -n 1 "$2" 2>/dev/null | tr -d '\r' | cut -c 1-56)
		if [[ -t 1 ]]; then
			printf '\r\033[K  %-12s %3d s  %s' "$1" "$elapsed" "$line"
		elif ((elapsed > 0 && elapsed % PROGRESS_SECONDS == 0)); then
			printf '  %-12s %3d s  %s\n' "$1" "$elapsed" "$line"
		fi
	done
}
