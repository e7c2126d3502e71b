# The destination and the source: the refresh finds the tags that both have.
terraform import imagesync_repository.app registry.example.com/mirror/app,ghcr.io/acme/app

# The destination alone: the next plan adopts the configured source and selection, in place.
terraform import imagesync_repository.nginx registry.example.com/mirror/nginx
