# SPDX-License-Identifier: MIT
#
# Completion of dtss for bash; zsh takes it after: autoload -Uz bashcompinit && bashcompinit

# The options of a command; a test compares them with those that the program knows.
_dtss_options() {
	local common='--url --token-file --version --help'
	local task='--tag --name --queue --key --priority --retries --timeout --env --cwd --after --resource --label'
	case $1 in
	run) echo "$task $common" ;;
	submit) echo "$task --file --json $common" ;;
	ls) echo "--name --queue --label --state --limit --json $common" ;;
	logs) echo "--follow --attempt --stderr $common" ;;
	states) echo "--dot $common" ;;
	why) echo "--at --json $common" ;;
	show | wait | cancel | retry | hold | release) echo "--json $common" ;;
	workers | drain | cordon | uncordon | stats) echo "--json $common" ;;
	*) echo "$common" ;;
	esac
}

_dtss_commands='run submit ls show logs wait why cancel retry hold release workers drain cordon uncordon stats states'
_dtss_states='blocked held delayed ready leased running succeeded failed cancelled skipped expired quarantined'

# What an operand of a command may be, asked from the scheduler; silence when it does not answer.
_dtss_operands() {
	case $1 in
	show | logs | wait | why | cancel | retry | hold | release) dtss ls 2>/dev/null | cut -f1 ;;
	drain | cordon | uncordon) dtss workers 2>/dev/null | cut -f1 ;;
	help) echo "$_dtss_commands" ;;
	run | submit) compgen -c -- "$2" ;;
	esac
}

_dtss() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--url | --token-file) ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]} && break ;;
		esac
	done
	COMPREPLY=()
	case $before in
	--state) COMPREPLY=($(compgen -W "$_dtss_states" -- "$word")) && return ;;
	--file | -f | --token-file | --cwd) COMPREPLY=($(compgen -f -- "$word")) && return ;;
	esac
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$(_dtss_options "$command")" -- "$word"))
	elif [[ -z $command ]]; then
		COMPREPLY=($(compgen -W "$_dtss_commands help" -- "$word"))
	else
		COMPREPLY=($(compgen -W "$(_dtss_operands "$command" "$word")" -- "$word"))
	fi
}

complete -o default -F _dtss dtss
