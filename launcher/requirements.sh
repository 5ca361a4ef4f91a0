# shellcheck shell=sh
# Finds all programs that a call of ./lab needs and this machine lacks, and offers Debian's packages for them.
# ./lab sources this file. $here is the checkout.

# Of the engine's modules, this one needs the newest Go.
go_module=${here:?}/launcher/engine/go/bridge

# fail WHAT LINE...: the lines tell what to do. Exit code 2: a mistake in the call, or something that this machine lacks.
fail() {
    printf 'lab: %s\n' "$1" >&2
    shift
    printf '     %s\n' "$@" >&2
    exit 2
}

has() { command -v "$1" >/dev/null 2>&1; }

npm_packages_are_current() { cmp -s "$here/package-lock.json" "$here/node_modules/.lab-installed"; }

engine_is_cached() {
    for manifest in "${LAB_CACHE:-/var/cache/ha-web-lab}"/engine/*/parts.json; do
        [ ! -e "$manifest" ] || return 0
    done
    return 1
}

# command_of WORDS: the command among the words of a call.
command_of() {
    while [ $# -gt 0 ]; do
        case $1 in
            -s | --stack) [ $# -eq 1 ] || shift ;;
            -*) ;;
            *)
                printf '%s\n' "$1"
                return
                ;;
        esac
        shift
    done
}

# Whether the command builds or fetches something on this machine. Without the internet it can do neither.
builds() {
    case "${LAB_OFFLINE:-} $* " in
        1\ * | *" --offline "*) return 1 ;;
    esac
    case $(command_of "$@") in
        up | preview | pulumi | init | fetch | accept | engine | bench | test) return 0 ;;
    esac
    return 1
}

node_is_usable() {
    has node && IFS=v. read -r _ major minor _ <<END || return 1
$(node --version)
END
    [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } || return 1
    npm_packages_are_current || has npm
}

# Go from 1.21 on gets the toolchain that go.mod asks for, unless GOTOOLCHAIN says local, as Red Hat's packages do.
go_is_usable() {
    has go || return 1
    case $(go env GOTOOLCHAIN) in
        '' | local) (cd "$go_module" && go list -m >/dev/null 2>&1) ;;
    esac
}

# lack PROGRAM DEBIAN-PACKAGES RED-HAT-PACKAGES
lack() {
    missing=$missing${missing:+, }$1
    debian_packages="$debian_packages $2"
    red_hat_packages="$red_hat_packages $3"
}

# find_missing WORDS: sets what is missing for a call, and whether the call is impossible without it.
find_missing() {
    missing='' debian_packages='' red_hat_packages='' lacks_node='' lacks_go='' is_essential=''
    if ! node_is_usable; then
        lacks_node=yes is_essential=yes
        lack "Node.js 20.19 or newer with npm" "nodejs npm" "nodejs npm"
    fi
    builds "$@" || return 0
    # With an engine in the cache, this call may have nothing left to build, so it is not refused.
    engine_is_cached || is_essential=yes
    if ! has pulumi && ! { has go && engine_is_cached; } && ! go_is_usable; then
        lacks_go=yes
        lack "Go $(sed -n 's/^go //p' "$go_module/go.mod") or newer" golang-go golang
    fi
    has mvn || lack "Maven" maven maven
    has javac || lack "a JDK" default-jdk-headless java-21-openjdk-devel
    has git || lack "git" git git
    has curl || lack "curl" curl curl
}

distribution() {
    # shellcheck source=/dev/null
    (. /etc/os-release && printf '%s %s\n' "${ID:-}" "${VERSION_ID:-}") 2>/dev/null || :
}

# Whether this is a Debian whose packages are new enough. Debian testing has no version number.
debian_has_them() {
    case $(distribution) in
        debian\ | debian\ 1[3-9]*) return 0 ;;
        debian\ 12*) [ -z "$lacks_node$lacks_go" ] ;;
        *) return 1 ;;
    esac
}

# Asks on a terminal, and installs without a question elsewhere.
user_agrees() {
    [ -t 0 ] && [ -t 2 ] || return 0
    printf '     Install them from Debian? [Y/n] ' >&2
    read -r answer || answer=n
    case $answer in
        '' | [Yy]*) return 0 ;;
    esac
    return 1
}

# Without ca-certificates, npm and go trust no registry. Debian's packages only recommend it.
install_command="apt-get install --no-install-recommends ca-certificates"

install_from_debian() {
    log=$(mktemp)
    start=$(date +%s)
    printf 'Installing%s from Debian ...\n' "$debian_packages" >&2
    # The JDK's installation fails without this folder, which slim container images lack.
    mkdir -p /usr/share/man/man1
    # A root shell that su started may lack the sbin folders, and dpkg refuses to work without them.
    # shellcheck disable=SC2086 # a word is a package
    if PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get --quiet -o DPkg::Lock::Timeout=120 update &&
        apt-get --quiet --yes -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@"
    ' sh ca-certificates $debian_packages >"$log" 2>&1 </dev/null; then
        rm "$log"
        printf 'Installing%s from Debian: done in %s s\n' "$debian_packages" "$(($(date +%s) - start))" >&2
    else
        tail -n 40 "$log" >&2
        fail "apt-get failed; its last messages are above, all of them in $log." \
            "Repair what apt-get names, and call again."
    fi
}

# Debian 12 has no new enough Node.js, and a new enough Go only in its backports.
tell_debian_12() {
    set -- "Debian 12 has Node.js 18 and Go 1.19, which are too old. Run as root:" "    apt-get update"
    if [ -n "$lacks_node" ]; then
        set -- "$@" "    apt-get install --no-install-recommends ca-certificates nodejs npm" "    npm install --global node@22"
    fi
    if [ -n "$lacks_go" ]; then
        # Only Debian's own archive has the suite bookworm-updates, and so names the mirror.
        set -- "$@" \
            "    mirror=\$(apt-get indextargets --format '\$(REPO_URI)' 'Codename: bookworm-updates' | head -n 1)" \
            "    echo \"deb \$mirror bookworm-backports main\" >/etc/apt/sources.list.d/backports.list" \
            "    apt-get update" \
            "    apt-get install --no-install-recommends --target-release bookworm-backports golang-go"
    fi
    fail "this machine lacks $missing." "$@" "Then call ./lab again. It installs what is left from Debian itself."
}

tell_what_to_do() {
    case $(distribution) in
        debian\ 12*) [ -z "$lacks_node$lacks_go" ] || tell_debian_12 ;;
    esac
    ! debian_has_them ||
        fail "this machine lacks $missing." "Run as root: apt-get update && $install_command$debian_packages" \
            "./lab itself does that when root calls it."
    fail "this machine lacks $missing." "Install what is missing, and call again." \
        "Debian 13 and Ubuntu: $install_command$debian_packages" \
        "Fedora and Red Hat: dnf install$red_hat_packages" \
        "Where a package is too old: Node.js is at nodejs.org, Go at go.dev."
}

# ensure_requirements WORDS: returns when the call can go on, having installed what Debian has where root calls.
ensure_requirements() {
    [ "$(uname -s)" = Linux ] || fail "this is $(uname -s); the launcher needs Linux (namespaces, libvirt)." \
        "Use a Linux machine; with a remote hypervisor, plain 'pulumi up -s STACK' works anywhere (docs/hypervisors.md)."
    find_missing "$@"
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -eq 0 ] && has apt-get && debian_has_them; then
        printf 'lab: this machine lacks %s.\n' "$missing" >&2
        if user_agrees; then
            install_from_debian
            find_missing "$@"
            [ -n "$missing" ] || return 0
            fail "after the installation, this machine still lacks $missing." \
                "An older program comes first on PATH, or GOTOOLCHAIN=local keeps Go from updating itself." \
                "PATH=$PATH"
        fi
    fi
    [ -z "$is_essential" ] || tell_what_to_do
}
