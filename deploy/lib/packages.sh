# packages - installs the Debian packages that are missing, and nothing else.
#
# The system is touched only here: apt-get (as root, or with sudo), and for PostgreSQL, which
# refuses to run as root, one system user.

SYSTEM_USER=firstcome
PACKAGES_BUILD=(
	gcc libc6-dev meson ninja-build pkg-config zlib1g-dev
	libcjson-dev libcmocka-dev libcurl4-openssl-dev libnats-dev libpq-dev libsodium-dev libuv1-dev
)
PACKAGES_RUN=(ca-certificates python3-aiosmtpd tzdata)
CREATECLUSTER_DROPIN=/etc/postgresql-common/createcluster.d/firstcome.conf

packages_ensure() {
	local wanted=("${PACKAGES_BUILD[@]}" "${PACKAGES_RUN[@]}" "$(_package_llhttp)")
	postgres_programs >/dev/null || wanted+=(postgresql)
	packages_install "${wanted[@]}"
}

# Also for others, such as the tests, that need more.
packages_install() { # PACKAGE...
	local missing
	command -v apt-get >/dev/null ||
		die "this is no Debian: there is no apt-get. Install what corresponds to: $*"
	mapfile -t missing < <(_packages_missing "$@")
	if ((${#missing[@]} == 0)); then
		step packages "all $# are there"
		return
	fi
	_require_root "apt-get install --no-install-recommends ${missing[*]}"
	step packages "installing ${#missing[@]}: ${missing[*]}"
	run_logged packages "$LOG_DIR/packages.log" _apt_install "${missing[@]}" ||
		die_with_log "$LOG_DIR/packages.log" "apt-get failed. Is the network there, and are the" \
			"sources in /etc/apt right? Try: apt-get update && apt-get install ${missing[*]}"
	step packages installed
}

# Runs a command as root.
as_root() { # COMMAND...
	if ((EUID == 0)); then
		"$@"
	else
		sudo "$@"
	fi
}

# The user that PostgreSQL runs as when we are root.
system_user_ensure() {
	getent passwd "$SYSTEM_USER" >/dev/null && return
	useradd --system --user-group --no-create-home --home-dir /nonexistent \
		--shell /usr/sbin/nologin "$SYSTEM_USER" ||
		die "cannot make the user as which PostgreSQL runs. Try: useradd --system $SYSTEM_USER"
	step user "$SYSTEM_USER made, because PostgreSQL does not run as root"
}

# llhttp comes as C sources inside a Node.js package in Debian 12, and as a library from 13 on.
_package_llhttp() {
	local release
	release=$(. /etc/os-release && printf '%s' "${VERSION_ID:-0}")
	if [[ ${release%%.*} -ge 13 ]]; then
		printf 'libllhttp-dev\n'
	else
		printf 'node-llhttp\n'
	fi
}

_packages_missing() { # PACKAGE...
	local package status
	for package in "$@"; do
		status=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) || true
		[[ $status == installed ]] || printf '%s\n' "$package"
	done
}

_require_root() { # WHAT-TO-DO-AS-ROOT
	((EUID == 0)) && return
	command -v sudo >/dev/null || die "this needs root, and there is no sudo. As root, run: $1"
	sudo --validate || die "this needs root, and sudo does not let you. As root, run: $1"
}

_apt_install() { # PACKAGE...
	local status=0 apt=(env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes)
	apt+=(-o DPkg::Lock::Timeout=300)
	as_root "${apt[@]}" update || return
	[[ " $* " != *' postgresql '* ]] || _forbid_main_cluster || return
	as_root "${apt[@]}" install --no-install-recommends "$@" || status=$?
	as_root rm --force "$CREATECLUSTER_DROPIN"
	return "$status"
}

# Debian makes and starts a database cluster when PostgreSQL is installed. We bring our own.
_forbid_main_cluster() {
	as_root mkdir --parents "$(dirname "$CREATECLUSTER_DROPIN")" &&
		printf 'create_main_cluster = false\n' |
		as_root tee "$CREATECLUSTER_DROPIN" >/dev/null
}
