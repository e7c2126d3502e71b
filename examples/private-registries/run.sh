#!/usr/bin/env bash
. "$(dirname "$0")/../start.sh"

password_a=never-shown-a-$RANDOM$RANDOM
password_b=never-shown-b-$RANDOM$RANDOM
start_registry a --htpasswd "reader:$password_a"
start_registry b --htpasswd "robot:$password_b"
LOGIN=reader:$password_a push "$registry_a/team/app:1"

say "Without a login the registry refuses, and the message says so"
run terraform init
export TF_VAR_password_b=$password_b
must_fail terraform plan

say "The first login comes from the configuration of docker, the second from an ephemeral variable"
# What "docker login" writes.
cat >"$HOME/config.json" <<END
{ "auths": { "$registry_a": { "auth": "$(printf %s "reader:$password_a" | base64)" } } }
END
export DOCKER_CONFIG=$HOME
run terraform plan -out=saved.plan
TF_LOG=trace TF_LOG_PATH=$PWD/trace.log run terraform apply saved.plan
image=$(terraform output -raw image)
expect "the image is there, for those who have a login" imagesync inspect --plain-http --creds "robot:$password_b" "$image"
must_fail imagesync inspect --plain-http "$image"

say "No password is in the state, in the plan, or in the log of that apply at its finest level"
terraform show -json saved.plan >plan.json
{
  echo "never-shown"
  printf %s "reader:$password_a" | base64
  printf %s "robot:$password_b" | base64
} >secrets.txt
for file in terraform.tfstate plan.json trace.log; do
  expect "$file tells of the image" grep team/app "$file"
  must_fail grep -F -f secrets.txt "$file"
done

say "A wrong password is an error, never an anonymous request"
must_fail terraform plan -var password_b=wrong

say "Everything is taken away again"
run terraform destroy -auto-approve

say "The tests of this configuration"
run terraform test
