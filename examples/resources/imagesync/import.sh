# The destination and the source: nothing is left to change.
terraform import imagesync.nginx registry.example.com/mirror/nginx:1.29,docker.io/library/nginx:1.29

# The destination alone: the next plan adopts the configured source, in place.
terraform import imagesync.redis registry.example.com/mirror/redis:8.2
