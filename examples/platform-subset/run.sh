#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

start_registry a
start_registry b
push "$registry_a/team/app:1" "app" linux/amd64 linux/arm64 linux/s390x windows/amd64

say "Of four platforms one or two are copied"
run terraform init
run terraform apply -auto-approve
run imagesync inspect --plain-http "$registry_b/both/app:1"
run terraform plan -detailed-exitcode

say "The images of the platforms are those of the source, byte for byte; only the index that lists them is new"
imagesync inspect --plain-http "$registry_a/team/app:1" >source.txt
imagesync inspect --plain-http "$registry_b/both/app:1" >copy.txt
run grep linux/amd64 source.txt copy.txt
amd64=$(echo 'imagesync.both.platform_digests["linux/amd64"]' | terraform console | tr -d '"')
expect "the digest for linux/amd64 is the same at both ends" grep "linux/amd64.*$amd64" source.txt
must_fail imagesync digest --plain-http "$registry_b/mirror/app:1" --platform linux/arm64

say "A platform that the source does not offer stops everything before anything is written"
must_fail terraform apply -auto-approve -replace imagesync.both -var 'required_platforms=["linux/riscv64"]'
expect "what was copied is still there" imagesync inspect --plain-http "$registry_b/both/app:1"

say "Everything is taken away again"
run terraform destroy -auto-approve

say "The tests of this configuration"
run terraform test
