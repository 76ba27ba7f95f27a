#!/bin/sh
# Install into a folder that all machines of a cluster share what runs on every one of them.
#
#   ./install.sh FOLDER REQUIREMENT ...      with the profiles of the machines in ./profiles
#
# PIP and CUSTOMTAGS may name other programs; pip's own options may stand among the requirements.
set -eu
folder=${1:?the folder is missing, and what to install behind it}
shift
${CUSTOMTAGS:-customtags} intersect profiles/*.json -o cluster.json
# The platforms are spelled out, because the C library of the machine that installs may be newer than that of another.
# shellcheck disable=SC2046 # one word per option is meant
${PIP:-pip} install --target "$folder" $(${CUSTOMTAGS:-customtags} show --profile cluster.json --pip-args) "$@"
