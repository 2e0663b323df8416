/** The shells that completion is written for. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/**
 * What a shell loads. It knows no verb and no option: at each Tab it asks the program, so that it fits
 * whatever version is installed. The program answers with a line for each word, `word<Tab>description`, or
 * `:files` where a path is wanted.
 */
export function completionScript(shell: Shell): string {
  return { bash, zsh, fish }[shell]
}

/** Bash 3.2, which macOS has, knows neither mapfile nor compopt. */
const bash = `# bash completion for flotilla. Load it with: source <(flotilla completion bash)
_flotilla() {
  local word description
  COMPREPLY=()
  while IFS=$'\\t' read -r word description; do
    if [ "$word" = :files ]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
    else
      COMPREPLY+=("$word")
    fi
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _flotilla flotilla
`

const zsh = `#compdef flotilla
# zsh completion for flotilla. Load it with: source <(flotilla completion zsh)
# or keep it in a folder of $fpath as _flotilla.
_flotilla() {
  local -a found
  local line
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      _files
      return
    fi
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( \${#found} )) && _describe flotilla found
}
if [ "\${funcstack[1]}" = _flotilla ]; then
  _flotilla
else
  compdef _flotilla flotilla
fi
`

const fish = `# fish completion for flotilla. Load it with: flotilla completion fish | source
# or keep it: flotilla completion fish > ~/.config/fish/completions/flotilla.fish
function __flotilla_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l typed (commandline -ct)
    set -l found ($program __complete -- $words "$typed" 2>/dev/null)
    if test "$found[1]" = :files
        __fish_complete_path "$typed"
    else
        string join \\n -- $found
    end
end
complete -c flotilla -f -a '(__flotilla_complete)'
`
