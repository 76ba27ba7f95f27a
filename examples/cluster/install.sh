#!/bin/sh
# Install packages that run on every machine of a cluster into a folder that the machines share.
#
#   ./install.sh FOLDER REQUIREMENT ...      (the profiles of the machines are in ./profiles)
#
# PIP and CUSTOMTAGS can name other programs; pip's own options are allowed among the requirements.
set -eu
folder=${1:?usage: install.sh FOLDER REQUIREMENT ...}
shift
${CUSTOMTAGS:-customtags} intersect profiles/*.json -o cluster.json
# The platforms are listed explicitly, because another machine may have an older C library than the one that installs.
# shellcheck disable=SC2046 # the options are separate words
${PIP:-pip} install --target "$folder" $(${CUSTOMTAGS:-customtags} show --profile cluster.json --pip-args) "$@"
