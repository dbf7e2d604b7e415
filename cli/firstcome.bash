# firstcome - completion for bash. Source it, or install it as
# /usr/share/bash-completion/completions/firstcome.

# The ids of all campaigns; nothing where no sequencer answers.
_firstcome_campaigns() {
	"${COMP_WORDS[0]}" campaign list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_firstcome() {
	local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]:-} choices=
	case $COMP_CWORD:$command:${COMP_WORDS[2]:-} in
	1:*) choices="campaign watch trace export audit status migrate --help --version" ;;
	2:campaign:*) choices="publish start pause resume close get list" ;;
	3:campaign:publish) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
	3:campaign:list) ;;
	3:campaign:* | 2:watch:* | 2:export:* | 2:audit:*) choices=$(_firstcome_campaigns) ;;
	esac
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-o) choices="json table" ;;
	--format) choices="csv ndjson" ;;
	esac
	if [[ $word == -* ]]; then
		choices="-o --help"
		case $command in
		campaign) choices+=" --dry-run" ;;
		watch) choices+=" --count" ;;
		export) choices+=" --format" ;;
		audit) choices+=" --wait --without-database" ;;
		status) choices+=" --wait" ;;
		migrate) choices+=" --replicas --accounts-mb --codes-mb" ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _firstcome firstcome
