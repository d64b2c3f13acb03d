# Completion of sanad for bash. Verbs and options are asked of the program itself, so that
# they are those of the version at hand.
_sanad_options() {
    "$1" ${2:+"$2"} --help 2>/dev/null | sed -n 's/^ *\(--[a-z0-9-]*\).*/\1/p' | sort -u
}

_sanad_verbs() {
    "$1" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'
}

_sanad_second() {
    case $1 in
    bundle) echo "export import answer" ;;
    book) echo "check show hash import public" ;;
    claims) echo "check" ;;
    key) echo "new show" ;;
    log) echo "init add audit prove anchor serve" ;;
    statement) echo "make sign show" ;;
    register) echo "check book entity wallet price declaration liability series programme" ;;
    esac
}

_sanad_third() {
    case $1 in
    register) echo "propose approve reject list show history import export" ;;
    esac
    [ "$1 $2" = "statement make" ] && echo "address-book claim reserve-position \
        flow-declaration pack root revoke document annex partner-checkpoint correction anchor \
        liabilities programme agreement"
}

_sanad() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]}
    local before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} words=
    COMPREPLY=()
    case $before in
    --chain) words="main testnet4 signet regtest" ;;
    --scenario) words="two-nations bulk" ;;
    --type) words="role cosigner" ;;
    --meaning)
        words="purchase sale seizure donation pool-payout client-deposit client-withdrawal loan"
        words="$words custody other"
        ;;
    esac
    if [[ -z $words && $word == -* ]]; then
        [[ $COMP_CWORD -gt 1 ]] || verb=
        words=$(_sanad_options "$program" "$verb")
    elif [[ -z $words && $COMP_CWORD -eq 1 ]]; then
        words=$(_sanad_verbs "$program")
    elif [[ -z $words && $COMP_CWORD -eq 2 ]]; then
        words=$(_sanad_second "$verb")
    elif [[ -z $words && $COMP_CWORD -eq 3 ]]; then
        words=$(_sanad_third "$verb" "${COMP_WORDS[2]}")
    fi
    # What is not a word of ours is a file: the shell completes those (-o default).
    [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _sanad sanad
