#!/bin/bash
# mount-machine.sh FOLDER: mounts a container's root file system at FOLDER/root.
# It is an overlay: the container's files in FOLDER/upper over the image whose path is in FOLDER/lower.
set -euo pipefail
cd "$1"
mountpoint -q root || exec mount -t overlay overlay -o "lowerdir=$(<lower),upperdir=upper,workdir=work" root
