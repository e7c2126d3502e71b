# The statements may stay: where there is nothing to move they do nothing.
moved {
  from = skopeo2_copy.nginx
  to   = imagesync.nginx
}

moved {
  from = crane_image.redis
  to   = imagesync.redis
}

moved {
  from = docker_registry_image.busybox
  to   = imagesync.busybox
}
