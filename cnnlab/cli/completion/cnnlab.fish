# cnnlab's command line in fish: cnnlab --shell-completion install=fish | source

function __cnnlab_script # cnnlab's run.py on the command line, or nothing
    set -l words (commandline -opc)
    if test (basename -- $words[1]) = cnnlab
        return 0
    end
    for word in $words
        set word (string replace -r '^~' $HOME -- $word)
        if string match -q '*.py' -- $word; and test -f $word; and grep -q 'cnnlab\.cli' $word
            echo $word
            return 0
        end
    end
    return 1
end

function __cnnlab_complete
    set -l words (commandline -opc)
    set -lx COMP_LINE (commandline -cp)
    set -l python (string replace -r '^~' $HOME -- $words[1])
    if string match -q '*.py' -- $python
        set python
    end
    $python (__cnnlab_script) --shell-completion query=fish 2>/dev/null
end

for command in python python3 python3.(seq 9 15) run.py cnnlab
    complete -c $command -n '__cnnlab_script >/dev/null' -f -a '(__cnnlab_complete)'
end
