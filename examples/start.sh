# shellcheck shell=bash
# What every run.sh begins with: a scratch directory with a copy of the example, Terraform with the provider of this
# project, and registries to try with. Nothing stays when it ends, and nothing leaves this machine.
#
#   start_registry NAME [FLAG...]             a registry that runs until the end, at the address in $registry_NAME,
#                                             which is the variable registry_NAME in Terraform too
#   stop_registries                           ends those that run
#   push REFERENCE [CONTENT [PLATFORM...]]    puts an image into a registry, as docker push would
#   say TEXT                                  begins a chapter
#   run COMMAND...                            shows a command and runs it
#   must_fail COMMAND...                      the same with a command that has to fail
#   expect WHAT COMMAND...                    says WHAT when the command succeeds, and ends the story when it does not
#
# The program is terraform from PATH, else tofu; set TERRAFORM for another one. PROVIDERS_MIRROR is for examples with more
# providers: a directory that "terraform providers mirror" has made, where providers are taken from without a network.
set -euo pipefail

main() {
  examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  example=$(basename "$(cd "$(dirname "$0")" && pwd)")
  scratch=$(mktemp -d)
  pids=()
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  forget_settings
  find_programs
  copy_example
  configure_terraform
}

# Ends what was started, by its process number, and removes the scratch directory. The exit code stays what it was.
clean_up() {
  local code=$?
  trap - EXIT
  trap '' INT TERM
  stop_registries
  cd /
  rm -rf "$scratch"
  exit "$code"
}

# Logins and settings of whoever runs this have no part in it.
forget_settings() {
  unset ${!TF_@} ${!IMAGESYNC_@} ${!DOCKER_@} REGISTRY_AUTH_FILE
  mkdir "$scratch/home"
  export HOME=$scratch/home XDG_CONFIG_HOME=$scratch/home XDG_RUNTIME_DIR=$scratch/home
  export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
}

# imagesync from PATH, else as "make build" has left it.
find_programs() {
  PATH=$PATH:$examples/../dist
  type imagesync >/dev/null 2>&1 || give_up 'imagesync is not on PATH: install it, or run "make build"'
  type curl >/dev/null 2>&1 || give_up "curl is not on PATH"
  local wanted=${TERRAFORM:-terraform}
  terraform_program=$(type -P "$wanted" || { [ -z "${TERRAFORM:-}" ] && type -P tofu; } || true)
  [ -n "$terraform_program" ] || give_up "$wanted is not on PATH"
}

terraform() {
  "$terraform_program" "$@"
}

# The modules lie beside it, as they do here.
copy_example() {
  mkdir "$scratch/examples"
  cp -R "$examples/$example" "$examples/modules" "$scratch/examples/"
  # What is only readable here, such as in a mounted checkout, must not stay so.
  chmod -R u+w "$scratch/examples"
  cd "$scratch/examples/$example"
  rm -rf .terraform .terraform.lock.hcl terraform.tfstate*
}

# Terraform takes imagesync from the scratch directory. Other providers come from where they always come from.
configure_terraform() {
  imagesync provider install --directory "$scratch/plugins" >"$scratch/install.log" 2>&1 || give_up "$(cat "$scratch/install.log")"
  local source=direct path=
  [ -z "${PROVIDERS_MIRROR:-}" ] || source=filesystem_mirror path="path    = \"$PROVIDERS_MIRROR\""
  cat >"$scratch/terraform.tfrc" <<END
provider_installation {
  filesystem_mirror {
    path    = "$scratch/plugins"
    include = ["imagesync/imagesync"]
  }
  $source {
    $path
    exclude = ["imagesync/imagesync"]
  }
}
END
  export TF_CLI_CONFIG_FILE=$scratch/terraform.tfrc TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1
  [ -t 1 ] && [ -z "${NO_COLOR:-}" ] || export TF_CLI_ARGS=-no-color
}

start_registry() {
  local name=$1 address
  shift
  mkfifo "$scratch/registry-$name"
  imagesync registry serve --port 0 "$@" >"$scratch/registry-$name" 2>"$scratch/registry-$name.log" &
  pids+=($!)
  # It prints its address as soon as it can be asked.
  read -r address <"$scratch/registry-$name" || give_up "$(cat "$scratch/registry-$name.log")"
  address=${address#*://}
  printf -v "registry_$name" %s "$address"
  export "TF_VAR_registry_$name=$address"
}

stop_registries() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  pids=()
}

# An image that is as small as it can be and still has what images have: a layer that all of them share, a layer of
# its own for each platform, and an index on top. The same CONTENT is the same image, with the same digest. Where a
# registry asks for a login, LOGIN is user:password.
push() {
  local reference=$1 content=${2:-$1} platforms=(linux/amd64 linux/arm64)
  [ $# -lt 3 ] || platforms=("${@:3}")
  local repository=${reference#*/} registry=${reference%%/*} tag=${reference##*:} platform os architecture children=
  local url=http://$registry/v2/${repository%:*} oci=application/vnd.oci.image parts=$scratch/image
  mkdir -p "$parts"

  echo "the layer that all these images share" >"$parts/base"
  put_blob "$url" "$parts/base"
  for platform in "${platforms[@]}"; do
    os=${platform%%/*}
    architecture=${platform#*/}
    echo "$content for $platform" >"$parts/layer"
    cat >"$parts/config" <<END
{"os":"$os","architecture":"$architecture","rootfs":{"type":"layers","diff_ids":["$(digest_of "$parts/base")","$(digest_of "$parts/layer")"]}}
END
    put_blob "$url" "$parts/layer"
    put_blob "$url" "$parts/config"
    cat >"$parts/manifest" <<END
{"schemaVersion":2,"mediaType":"$oci.manifest.v1+json",
"config":{$(descriptor "$oci.config.v1+json" "$parts/config")},
"layers":[{$(descriptor text/plain "$parts/base")},{$(descriptor text/plain "$parts/layer")}]}
END
    put_manifest "$url" "$(digest_of "$parts/manifest")" "$oci.manifest.v1+json" "$parts/manifest"
    children+="${children:+,}
{$(descriptor "$oci.manifest.v1+json" "$parts/manifest"),\"platform\":{\"os\":\"$os\",\"architecture\":\"$architecture\"}}"
  done
  printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}\n' "$oci.index.v1+json" "$children" >"$parts/index"
  put_manifest "$url" "$tag" "$oci.index.v1+json" "$parts/index"
  echo "pushed $reference"
}

put_blob() {
  request POST "$1/blobs/uploads/?digest=$(digest_of "$2")" application/octet-stream "$2"
}

put_manifest() {
  request PUT "$1/manifests/$2" "$3" "$4"
}

request() {
  # The first option keeps the settings of whoever runs this out of it.
  curl -q -fsS -o /dev/null ${LOGIN:+--user "$LOGIN"} -X "$1" -H "Content-Type: $3" --data-binary "@$4" "$2"
}

# How a manifest names another file.
descriptor() {
  printf '"mediaType":"%s","digest":"%s","size":%d' "$1" "$(digest_of "$2")" "$(wc -c <"$2")"
}

digest_of() {
  local sum
  sum=$(if type sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi)
  echo "sha256:${sum%% *}"
}

say() {
  printf '\n== %s\n' "$*"
}

run() {
  show "$@"
  "$@"
}

must_fail() {
  show "$@"
  if "$@"; then give_up "This should have failed: $*"; fi
}

# Prints a command so that it can be pasted.
show() {
  local word line='$'
  for word in "$@"; do
    case $word in '' | *[!A-Za-z0-9_./:=@,+%-]*) word="'$word'" ;; esac
    line+=" $word"
  done
  echo "$line"
}

expect() {
  local what=$1
  shift
  "$@" >"$scratch/expect.log" 2>&1 || give_up "This is not so: $what. $(cat "$scratch/expect.log")"
  echo "ok: $what"
}

give_up() {
  echo "$*" >&2
  exit 1
}

main
