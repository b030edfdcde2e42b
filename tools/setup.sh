# Sourced by bin/*: finds a Python and hands over to tools/setup.py, which says what `setup WHAT` means.
# Expects $root. After it, $python is the virtual environment's interpreter.

python=$root/.venv/bin/python

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for name in "$python" python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$name" >/dev/null 2>&1 && is_new_enough "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
    found=$(python3 --version 2>&1) || found="no python3"
    echo "parlour: Python 3.11 or newer is needed, and here is $found." >&2
    return 1
}

setup() {
    base=$python
    # Not there on the first run; a link to nowhere after the system's Python has moved on.
    [ -x "$python" ] || base=$(find_python) || exit 1
    (cd "$root" && "$base" -E -s -m tools.setup "$1") || exit
}
