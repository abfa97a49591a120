# cnnlab's command line in bash: eval "$(cnnlab --shell-completion install=bash)"

_cnnlab_script() { # cnnlab's run.py on the command line, or nothing
  local word
  for word in "${COMP_WORDS[@]:0:COMP_CWORD}"; do
    word=${word/#\~/$HOME}
    if [[ $word == *.py && -f $word ]] && grep -q 'cnnlab\.cli' "$word"; then
      printf '%s' "$word"
      return
    fi
  done
  return 1
}

_cnnlab() {
  local script reply python=${COMP_WORDS[0]/#\~/$HOME}
  COMPREPLY=()
  if [[ ${python##*/} == cnnlab ]]; then
    script=
  elif ! script=$(_cnnlab_script); then
    if [[ -n $_cnnlab_before ]]; then "$_cnnlab_before" "$@"; fi
    return
  fi
  if [[ $python == *.py ]]; then python=; fi
  while IFS= read -r reply; do COMPREPLY+=("$reply"); done < <(
    COMP_LINE=$COMP_LINE COMP_POINT=$COMP_POINT COMP_WORDBREAKS=$COMP_WORDBREAKS \
      $python ${script:+"$script"} --shell-completion query=bash 2>/dev/null
  )
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=./] ]]; then compopt -o nospace 2>/dev/null; fi
}

if declare -F _completion_loader >/dev/null; then _completion_loader python 2>/dev/null; fi
if [[ $(complete -p python 2>/dev/null) =~ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != _cnnlab ]]; then
  _cnnlab_before=${BASH_REMATCH[1]}
fi
complete -o bashdefault -o default -F _cnnlab python python3 python3.{9..15} run.py cnnlab
