#!/bin/sh
# Prints the logs of a machine. Arguments: what `follow` or nothing, the first second since 1970 or nothing, the number of
# lines of each source as tail's -n takes it, then patterns of log files. A line is an entry of the journal in JSON, or a
# file's name, a tab and the file's line. "zone" and "end" are no files: the machine's time zone, and the end of what was
# logged before. After that, a machine that is followed goes on until its standard input ends.
follow=$1
since=$2
lines=$3
shift 3
now=$(date +%s)
printf 'zone\t%s\n' "$(date +%z)"

# systemd 219 counts --lines from the first entry where --since is given.
journal() { journalctl --quiet --no-pager --all --output=json "$@"; }
entries() {
    if [ "$since" ]; then
        journal --since="@$since" "$@" | tail -n "$lines"
    else
        journal --lines="$lines" "$@"
    fi
}

# Everything from the first line on that is as late as $since. The times of all but MySQL's lines are local.
since_first() {
    awk -v local="$(date --date="@$since" +%Y%m%d%H%M%S)" -v utc="$(date --utc --date="@$since" +%Y%m%d%H%M%S)" '
        function time(line,  text, month, part) {
            if (match(line, /[0-9][0-9]\/[A-Z][a-z][a-z]\/[0-9][0-9][0-9][0-9](:[0-9][0-9])(:[0-9][0-9])(:[0-9][0-9])/)) {
                text = substr(line, RSTART, RLENGTH)
                month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", substr(text, 4, 3)) + 2) / 3
                return substr(text, 8, 4) sprintf("%02d", month) substr(text, 1, 2) \
                    substr(text, 13, 2) substr(text, 16, 2) substr(text, 19, 2)
            }
            if (match(line, /^[0-9][0-9][0-9][0-9][-\/][0-9][0-9][-\/][0-9][0-9][T ] ?[0-9]?[0-9]:[0-9][0-9]:[0-9][0-9]/)) {
                split(substr(line, 1, RLENGTH), part, /[^0-9]+/)
                return part[1] part[2] part[3] sprintf("%02d", part[4]) part[5] part[6]
            }
            return ""
        }
        !found {
            stamp = time($0)
            first = ($0 ~ /^[0-9-]+T[0-9:.]+Z/) ? utc : local
            if (stamp == "" || (stamp "") < (first "")) next
            found = 1
        }
        { print }'
}

# before FILE BYTES: the beginning of the file, behind what was renamed since the first moment.
before() {
    if [ "$since" ]; then
        {
            find "$(dirname "$1")" -maxdepth 1 -type f -name "${1##*/}.[0-9]*" -newermt "@$((since - 1))" \
                ! -samefile "$1" -printf '%T@ %p\n' | sort -n | while read -r _ old; do cat "$old"; done
            head -c "$2" "$1"
        } | since_first
    else
        head -c "$2" "$1"
    fi | tail -n "$lines"
}

if [ "$follow" ]; then entries --until="@$now"; else entries; fi
for pattern; do
    for file in $pattern; do
        [ -f "$file" ] || continue
        size=$(stat --dereference --format=%s "$file")
        tag="s|^|${file#/var/log/}\t|"
        before "$file" "$size" | sed "$tag"
        [ "$follow" ] || continue
        # tail ends with this shell. sed alone would only notice it at the next line.
        tail --pid=$$ --bytes="+$((size + 1))" --follow=name --retry "$file" 2>/dev/null | sed --unbuffered "$tag" &
    done
done
printf 'end\t\n'
[ "$follow" ] || exit 0
journal --follow --no-tail --since="@$now" &
trap 'kill $!' EXIT
cat > /dev/null
