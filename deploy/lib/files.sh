# files - writes files so that a reader sees the old one or the new one, never a half.

# Standard input becomes the file. A file with the same content is left alone, so that its time
# tells when it last changed.
write_file() { # FILE MODE
	local new=$1.new
	(umask 077 && cat >"$new") ||
		die "cannot write $new. Is the disk full? See: df $(dirname "$1")"
	chmod "$2" "$new"
	if [[ -f $1 ]] && cmp --silent "$new" "$1"; then
		rm "$new"
	else
		mv "$new" "$1"
	fi
}

# Prints a template with each @NAME@ replaced by its value. A name that is left over is an error.
render() { # TEMPLATE NAME=VALUE...
	local text pair
	text=$(<"$1")
	for pair in "${@:2}"; do
		text=${text//"@${pair%%=*}@"/"${pair#*=}"}
	done
	if [[ $text =~ @[A-Z_]+@ ]]; then
		die "$1: nothing is known for ${BASH_REMATCH[0]}. Give it to render in deploy/lib"
	fi
	printf '%s\n' "$text"
}
