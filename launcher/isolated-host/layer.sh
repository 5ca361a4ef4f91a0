#!/bin/bash
# Makes package layers: what a package run changes in the image. A container's layer is the upper layer of an overlay
# (`tree`), a virtual machine's is a whole disk (`disk.qcow2`).
#
# layer.sh make LAYERS IMAGE RECIPES   runs in the lab's namespaces. IMAGE is the image's root tree. RECIPES has a
#                                      folder for each layer, with the layer's name: `packages` is the package run,
#                                      `mebibytes` the size of a virtual machine's disk. Layers that exist are left
#                                      out. http_proxy is the package proxy, LAB_STEPS_FOLDER a folder that `up` makes
#                                      on each machine.
# layer.sh digest LAYER                prints a digest over the disk, or over the names, types, owners, modes, sizes
#                                      and times of all files
set -euo pipefail
self=$(realpath "$0")

make() {
    local layers=$1 image=$2 recipes=$3 recipe layer
    mkdir -p "$layers"
    exec 9>"$layers/.lock"
    flock 9
    rm -rf "$layers"/.building-*    # left by a run that was killed
    for recipe in "$recipes"/*; do
        layer=$layers/$(basename "$recipe")
        [ ! -e "$layer" ] || continue
        basename "$recipe"
        local scratch
        scratch=$(mktemp -d "$layers/.building-XXXXXX")
        apart run "$scratch" "$image" <"$recipe/packages"
        rm -rf "$scratch/root" "$scratch/work"
        forget "$scratch/tree"
        start_later "$scratch/tree"
        if [ -e "$recipe/mebibytes" ]; then
            keep_size "$scratch/tree"
            apart disk "$scratch" "$image" "$(<"$recipe/mebibytes")"
            rm -rf "$scratch/root" "$scratch/tree"
        fi
        chmod 755 "$scratch"
        date --utc +%Y-%m-%dT%H:%M:%SZ >"$scratch/made"
        digest "$scratch" >"$scratch/digest"
        mv "$scratch" "$layer"
    done
}

# The mounts of a step end with its mount namespace, all its processes with its process namespace.
apart() { setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child bash "$self" "$@" 9>&-; }

# The package run, in the image with an empty layer over it. Packages see no systemd, as when an image is built: their
# services are enabled and not started.
run() {
    cd "$1"
    mkdir tree work root
    mount -t overlay overlay -o "lowerdir=$2,upperdir=tree,workdir=work" root
    mount -t proc proc root/proc
    local folder device
    for folder in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs root/$folder; done
    chmod 1777 root/tmp
    for device in null zero full random urandom; do
        touch root/dev/$device
        mount --bind /dev/$device root/dev/$device
    done
    exec env -i "http_proxy=${http_proxy:?}" PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 chroot root /bin/sh -s
}

# What must not be the same on two machines, and what only a look back at the run would need.
forget() {
    local path
    for path in etc/machine-id var/lib/dbus/machine-id var/lib/systemd/random-seed var/lib/systemd/catalog etc/hostname \
        etc/resolv.conf root tmp run dev proc var/tmp; do rm -rf "${1:?}/$path"; done
    rm -rf "$1"/etc/ssh/ssh_host_* "$1"/var/cache/apt/archives/*.deb
    [ ! -d "$1/var/log" ] || find "$1/var/log" -type f -delete
}

# Packages enable their services, and a machine would start them at its first boot, before a role has configured them.
# They wait for the folder that the package run of `up` makes.
start_later() {
    local wanted drop_ins
    for wanted in "$1"/etc/systemd/system/*.wants/*.service; do
        [ -L "$wanted" ] || continue
        drop_ins=$1/etc/systemd/system/$(basename "$wanted").d
        mkdir -p "$drop_ins"
        printf '[Unit]\nConditionPathExists=%s\n' "${LAB_STEPS_FOLDER:?}" >"$drop_ins/layer.conf"
    done
}

# The file system has the whole disk. cloud-init need not look, which takes an emulated machine six seconds.
keep_size() {
    mkdir -p "$1/etc/cloud/cloud.cfg.d"
    printf 'growpart: { mode: "off" }\nresize_rootfs: false\n' >"$1/etc/cloud/cloud.cfg.d/91_layer.cfg"
}

# The disk of a virtual machine that starts with the layer.
disk() {
    cd "$1"
    mkdir root
    mount -t overlay overlay -o "lowerdir=tree:$2" root
    "$(dirname "$self")/make-disk.sh" root disk.qcow2 "$3"
}

digest() {
    if [ -e "$1/disk.qcow2" ]; then
        sha256sum <"$1/disk.qcow2"
    else
        find "$1/tree" -printf '%P\t%y\t%m\t%U:%G\t%s\t%T@\t%l\n' | LC_ALL=C sort | sha256sum
    fi | cut -d ' ' -f 1
}

"$@"
