# cnnlab's command line in zsh: eval "$(cnnlab --shell-completion install=zsh)"

_cnnlab() {
  local word script python=${words[1]} line reply text
  local -a ended open ended_said open_said
  for word in ${words[1,CURRENT-1]}; do
    word=${word/#\~/$HOME}
    if [[ $word == *.py && -f $word ]] && grep -q 'cnnlab\.cli' $word; then
      script=$word
      break
    fi
  done
  if [[ -z $script && ${python:t} != cnnlab ]]; then
    if (( $+functions[_python] )); then
      _python "$@"
    else
      _files
    fi
    return
  fi
  [[ $python == *.py ]] && python=
  python=${python/#\~/$HOME}
  line="${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX"
  for reply in ${(f)"$(COMP_LINE=$line ${python:+$python} ${script:+$script} --shell-completion query=zsh 2>/dev/null)"}; do
    text=${reply%%$'\t'*}
    if [[ $text == *[=./] ]]; then
      open+=($text) open_said+=("${reply/$'\t'/  -- }")
    else
      ended+=($text) ended_said+=("${reply/$'\t'/  -- }")
    fi
  done
  (( $#open )) && compadd -Q -S '' -l -d open_said -a open
  (( $#ended )) && compadd -Q -l -d ended_said -a ended
}

if ! (( $+functions[compdef] )); then
  autoload -Uz compinit && compinit
fi
compdef _cnnlab python python3 python3.{9..15} run.py cnnlab
