# No cluster is needed: the provider of Kubernetes is mocked. The image is mirrored for real.
mock_provider "kubernetes" {}

run "the_plan_shows_the_pinned_image_in_the_deployment" {
  command = plan

  assert {
    condition     = kubernetes_deployment_v1.web.spec[0].template[0].spec[0].container[0].image == "${var.registry_b}/mirror/nginx@${imagesync.web.source_digest}"
    error_message = "The Deployment does not run the pinned image."
  }
}

run "the_deployment_comes_after_its_image" {
  assert {
    condition     = kubernetes_deployment_v1.web.spec[0].template[0].spec[0].container[0].image == imagesync.web.id && imagesync.web.complete
    error_message = "The Deployment does not run an image that is there."
  }
}
