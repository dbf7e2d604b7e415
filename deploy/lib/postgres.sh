# postgres - the database: a private PostgreSQL instance on loopback, with a role for each program.
#
# It refuses to run as root, so for root it runs as the system user of packages.sh, in POSTGRES_DIR
# or, where that user cannot get there, in /var/lib/firstcome with a symbolic link in its place.

POSTGRES_DATABASE=firstcome
# postgres is the superuser, firstcome the owner of the database. What a program may do in it is
# granted by the migrations.
POSTGRES_ROLES=(
	postgres firstcome firstcome_ingress firstcome_fulfiller firstcome_notifier firstcome_cashier
)
POSTGRES_SHARED_DIR=/var/lib/firstcome

postgres_ensure() {
	POSTGRES_BIN=$(postgres_programs) ||
		die "there is no PostgreSQL below /usr/lib/postgresql. Try: apt-get install postgresql"
	postgres_place
	_postgres_create
	_postgres_configure
	process_is_running postgres || _postgres_clear_lock
	process_ensure postgres "$POSTGRES_BIN/postgres" "$POSTGRES_PLACE"/*.conf -- \
		"${POSTGRES_AS[@]}" "$POSTGRES_BIN/postgres" -D "$POSTGRES_PLACE/data"
	await 60 postgres \
		"$POSTGRES_BIN/pg_isready" --quiet --host=127.0.0.1 --port="$POSTGRES_PORT" ||
		die_with_log "$LOG_DIR/postgres.log" "PostgreSQL did not become ready. Mend what its log" \
			"says, and call this again"
	_postgres_roles
}

postgres_url() { # ROLE
	printf 'postgresql://%s:%s@127.0.0.1:%s/%s\n' \
		"$1" "$(secret "postgres-$1")" "$POSTGRES_PORT" "$POSTGRES_DATABASE"
}

# The folder with the programs of the newest version. Not by PATH: it may hold wrappers.
postgres_programs() {
	local newest
	newest=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort --version-sort | tail -n 1)
	[[ -x $newest ]] && dirname "$newest"
}

# Where the data is when it is not in POSTGRES_DIR itself, for deploy/down --wipe.
postgres_shared_place() {
	[[ ! -L $POSTGRES_DIR ]] || readlink "$POSTGRES_DIR"
}

# Makes the folder, owned by whoever runs the server. Sets POSTGRES_PLACE, its path as that user can
# walk it, and POSTGRES_AS, the command that becomes that user.
postgres_place() {
	POSTGRES_AS=()
	if ((EUID != 0)); then
		(umask 077 && mkdir -p "$POSTGRES_DIR")
		POSTGRES_PLACE=$POSTGRES_DIR
		return
	fi
	system_user_ensure
	POSTGRES_AS=(setpriv "--reuid=$SYSTEM_USER" "--regid=$SYSTEM_USER" --init-groups --)
	if [[ ! -e $POSTGRES_DIR ]] && ! "${POSTGRES_AS[@]}" test -x "$LOCAL_DIR"; then
		_postgres_place_elsewhere
	fi
	POSTGRES_PLACE=$(readlink -m "$POSTGRES_DIR")
	install -d -m 700 -o "$SYSTEM_USER" -g "$SYSTEM_USER" "$POSTGRES_PLACE"
	"${POSTGRES_AS[@]}" test -w "$POSTGRES_PLACE" ||
		die "the user $SYSTEM_USER cannot write to $POSTGRES_PLACE. Set FIRSTCOME_HOME to a" \
			"folder that everybody may enter, or run deploy/down --wipe and deploy/up"
}

_postgres_place_elsewhere() {
	local place
	place=$POSTGRES_SHARED_DIR/$(printf '%s' "$LOCAL_DIR" | sha256sum | cut -c 1-16)
	install -d -m 755 "$POSTGRES_SHARED_DIR"
	ln -sfn "$place" "$POSTGRES_DIR"
	step postgres "its data is in $place, because the user $SYSTEM_USER cannot enter $LOCAL_DIR"
}

# initdb works beside the final place, so that a half made cluster is never taken for a whole one.
_postgres_create() {
	local new=$POSTGRES_PLACE/data.new password=$POSTGRES_PLACE/password.new
	local log=$LOG_DIR/initdb.log
	[[ ! -d $POSTGRES_PLACE/data ]] || return 0
	rm -rf "$new"
	# As that user, who must be able to read it, and only that user.
	# shellcheck disable=SC2016
	secret postgres-postgres | "${POSTGRES_AS[@]}" sh -c 'umask 077 && cat >"$1"' sh "$password"
	# From /, because that user may not be able to enter the folder that we are in.
	run_logged postgres "$log" env --chdir=/ "${POSTGRES_AS[@]}" "$POSTGRES_BIN/initdb" \
		--pgdata="$new" --username=postgres --pwfile="$password" --auth=scram-sha-256 \
		--encoding=UTF8 --locale=C.UTF-8 --data-checksums ||
		die_with_log "$log" "initdb failed. Remove $POSTGRES_PLACE and try again"
	rm -f "$password"
	printf "include '../settings.conf'\n" >>"$new/postgresql.conf"
	mv "$new" "$POSTGRES_PLACE/data"
	step postgres "a new database in $POSTGRES_PLACE"
}

_postgres_configure() {
	local version
	version=$(<"$POSTGRES_PLACE/data/PG_VERSION")
	[[ $POSTGRES_BIN == */"$version"/bin ]] || POSTGRES_BIN=/usr/lib/postgresql/$version/bin
	[[ -x $POSTGRES_BIN/postgres ]] ||
		die "the database was made by PostgreSQL $version, which is not there any more." \
			"Install postgresql-$version, or forget the data: deploy/down --wipe"
	render "$DEPLOY_DIR/postgres/settings.conf.in" "PORT=$POSTGRES_PORT" \
		"FOLDER=$POSTGRES_PLACE" | write_file "$POSTGRES_PLACE/settings.conf" 644
	write_file "$POSTGRES_PLACE/hba.conf" 644 <"$DEPLOY_DIR/postgres/hba.conf"
}

# A server that was killed leaves postmaster.pid behind, and the next one takes it away, unless that
# process is still listed: as a zombie, where process 1 reaps late or never, as in many containers.
_postgres_clear_lock() {
	local lock=$POSTGRES_PLACE/data/postmaster.pid pid=
	[[ ! -f $lock ]] || read -r pid <"$lock"
	[[ -n $pid && $(process_state "$pid") == Z ]] || return 0
	_await_no_children ||
		die "processes of a killed PostgreSQL still work in $POSTGRES_PLACE/data. End them, and try again"
	rm "$lock"
}

_await_no_children() {
	local deadline=$((SECONDS + 30))
	# Each of them has the data folder as its working directory.
	while find /proc/[0-9]*/cwd -printf '%l\n' 2>/dev/null |
		grep --quiet --fixed-strings --line-regexp "$POSTGRES_PLACE/data"; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}

# The roles, their passwords, the database: as roles.sql says, however often.
_postgres_roles() {
	local role log=$LOG_DIR/roles.log
	(
		# Not as arguments: everybody can read those.
		for role in "${POSTGRES_ROLES[@]}"; do
			export "PASSWORD_OF_$role=$(secret "postgres-$role")"
		done
		PGPASSWORD=$(secret postgres-postgres)
		export PGPASSWORD
		"$POSTGRES_BIN/psql" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host=127.0.0.1 \
			--port="$POSTGRES_PORT" --username=postgres --dbname=postgres \
			--file="$DEPLOY_DIR/postgres/roles.sql" >"$log" 2>&1
	) || die_with_log "$log" "the roles of the database could not be made. Mend what the log" \
		"says, and run deploy/up again"
}
